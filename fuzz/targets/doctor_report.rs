//! `rust-gears doctor --from`: a report from elsewhere is explained or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rust_gears::doctor::report::{Report, text};
use rust_gears::report_file::decode;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(facts) = decode(bytes).and_then(|text| Report::facts_of(text.as_bytes())) {
        let report = Report::new(facts);
        let longest = text(&report).lines().map(|line| line.chars().count()).max();
        assert!(longest.is_some_and(|length| length < 3000));
        assert!(Report::facts_of(report.json().as_bytes()).is_ok());
    }
});
