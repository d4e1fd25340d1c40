//! A file that tells libglvnd of an EGL implementation.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rust_gears::doctor::facts::parse_vendor_file;

fuzz_target!(|bytes: &[u8]| {
    let _ = parse_vendor_file(bytes);
});
