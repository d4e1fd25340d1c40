//! How an X server begins: RFB, or something else that is told of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokio::runtime::Builder;

#[allow(dead_code)]
#[path = "../../src/isolated/web/mod.rs"]
mod web;

fuzz_target!(|bytes: &[u8]| {
    let Ok(runtime) = Builder::new_current_thread().build() else { return };
    match runtime.block_on(web::rfb::greeting(bytes)) {
        Ok(()) => assert!(bytes.starts_with(b"RFB ")),
        Err(reason) => assert!(!reason.chars().any(char::is_control), "{reason:?}"),
    }
});
