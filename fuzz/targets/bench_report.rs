//! `rust-gears compare`: reports from elsewhere are compared or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rust_gears::bench::compare::{compare, table};
use rust_gears::bench::report::{Style, parse};
use rust_gears::report_file::decode;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(reports) = decode(bytes).and_then(|text| parse(&text)) {
        let (base, other) = reports.split_at(reports.len().div_ceil(2));
        let other = if other.is_empty() { base } else { other };
        let rows = compare(base, other);
        for style in [Style::Text, Style::Markdown] {
            let table = table(&rows, style);
            assert!(table.lines().all(|line| line.chars().count() < 2000));
        }
    }
});
