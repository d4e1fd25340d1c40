//! A display's name, as in $DISPLAY.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rust_gears::doctor::facts::DisplayName;

fuzz_target!(|name: &str| {
    if let Some(display) = DisplayName::parse(name) {
        let _ = (display.socket(), display.tcp(), display.is_loopback());
    }
});
