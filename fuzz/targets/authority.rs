//! The X server's cookies, as doctor reads them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rust_gears::doctor::facts::parse_authority;

fuzz_target!(|bytes: &[u8]| {
    let (cookies, _) = parse_authority(bytes);
    // The shortest entry: a family and four lengths.
    assert!(cookies.len() <= bytes.len() / 10);
});
