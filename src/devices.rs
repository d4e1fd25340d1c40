//! `--list-devices`: every EGL device, and what draws on it.

use crate::console::Output;
use crate::error::Error;
use crate::platform::{OffScreen, PlatformError, devices};
use crate::report::{DeviceReport, json, text};

/// Prints all devices, in EGL's own order, as text or as one JSON object a line.
///
/// # Errors
/// Where there is none, or standard output cannot be written.
pub fn list(as_json: bool) -> Result<(), Error> {
    let all = devices().map_err(PlatformError::no_device_list)?;
    let mut output = Output::default();
    for device in &all {
        let opened = OffScreen::open_device(device);
        let report = DeviceReport {
            index: device.index,
            name: device.name.clone(),
            renderer: opened.as_ref().ok().map(|screen| screen.gl.renderer.renderer.clone()),
            kind: opened.as_ref().ok().map(|screen| screen.gl.renderer.kind()),
            failure: opened.as_ref().err().cloned(),
            pci: device.pci.clone(),
            node: device.node.as_ref().map(|node| node.display().to_string()),
            uuid: device.uuid.clone(),
        };
        match as_json {
            true => output.json(&json::device(&report))?,
            false => output.line(&text::device(&report))?,
        }
    }
    if all.is_empty() { Err(PlatformError::no_devices().into()) } else { Ok(()) }
}
