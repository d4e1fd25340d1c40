//! `rust-gears doctor --from`: a report from elsewhere is explained or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rust_gears::doctor::report::{Report, Source, text};
use rust_gears::report_file::decode;

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = decode(bytes).and_then(|text| Report::source_of(text.as_bytes())) else { return };
    let (printed, json) = match source {
        Source::Inside(facts) => {
            let report = Report::new(*facts);
            (text(&report), report.json())
        }
        Source::Host(host, facts) => {
            let report = facts.map(|facts| Report::new(*facts));
            (host.text(report.as_ref()), host.json(report.as_ref()))
        }
    };
    assert!(printed.lines().all(|line| line.chars().count() < 3000));
    assert!(Report::source_of(json.as_bytes()).is_ok());
});
