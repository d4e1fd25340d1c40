//! `--list-devices`: all EGL devices, and which renderer draws on each.

use crate::canvas::{Attempts, CanvasError, Device, OffScreen, devices};
use crate::console::Output;
use crate::error::Error;
use crate::machine::{self, EglGpu, Gpu};
use crate::renderer::Kind;
use crate::request::Canvas;
use serde::Serialize;

#[derive(Serialize)]
struct Listed {
    r#type: &'static str,
    /// Position in EGL's own order.
    index: usize,
    name: Option<String>,
    /// The renderer that draws on it.
    renderer: Option<String>,
    kind: Option<Kind>,
    /// Why nothing draws on it.
    failure: Option<String>,
    pci: Option<String>,
    node: Option<String>,
    uuid: Option<String>,
    /// Place in NVML's and nvidia-smi's order.
    nvml: Option<usize>,
    /// Whether CUDA_VISIBLE_DEVICES selects it.
    cuda_visible: Option<bool>,
}

/// Prints all devices in EGL's own order, as text or as one JSON object per line.
///
/// # Errors
/// Returns an error if there is no device, or standard output can't be written.
pub fn list(as_json: bool) -> Result<(), Error> {
    let all = devices().map_err(|attempts| CanvasError::NoDeviceList { attempts })?;
    let gpus = gpus(&all);
    let mut output = Output::default();
    for device in &all {
        let listed = Listed::new(device, gpus.iter().find(|gpu| gpu.egl == Some(device.index)));
        if as_json {
            output.json(&serde_json::to_string(&listed).expect("structs with string keys are JSON"))?;
        } else {
            output.line(&listed.text())?;
        }
    }
    if !as_json && gpus.len() > 1 {
        output.line("")?;
        for line in machine::gpu_table(&gpus) {
            output.line(&line)?;
        }
    }
    if all.is_empty() { Err(CanvasError::NoDevices.into()) } else { Ok(()) }
}

/// The table of all GPUs, as doctor's.
fn gpus(all: &[Device]) -> Vec<Gpu> {
    let of_egl = all.iter().filter(|device| !device.is_software).map(|device| EglGpu {
        index: device.index,
        name: device.label(),
        pci: device.pci.clone(),
        uuid: device.uuid.clone(),
        node: device.node.as_ref().map(|node| node.display().to_string()),
    });
    let nvml = machine::ask_nvml().map(|nvml| nvml.gpus).unwrap_or_default();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    machine::join_gpus(of_egl.collect(), &nvml, variable)
}

impl Listed {
    fn new(device: &Device, gpu: Option<&Gpu>) -> Listed {
        let opened = OffScreen::open_device(device, &Canvas::default());
        let renderer = opened.as_ref().ok().map(|screen| &screen.gl.renderer);
        Listed {
            r#type: "device",
            index: device.index,
            name: device.name.clone(),
            renderer: renderer.map(|renderer| renderer.renderer.clone()),
            kind: renderer.map(|renderer| renderer.kind()),
            failure: opened.as_ref().err().map(Attempts::failures),
            pci: device.pci.clone(),
            node: device.node.as_ref().map(|node| node.display().to_string()),
            uuid: device.uuid.clone(),
            nvml: gpu.and_then(|gpu| gpu.nvml),
            cuda_visible: gpu.and_then(|gpu| gpu.cuda_visible),
        }
    }

    /// One line, with the device's names on a second.
    fn text(&self) -> String {
        let what = match (&self.renderer, &self.kind, &self.failure) {
            (Some(renderer), Some(kind), _) => format!("{kind}: {renderer}"),
            (_, _, Some(failure)) => format!("doesn't draw: {failure}"),
            _ => "unknown".into(),
        };
        let names = [
            self.name.as_ref().map(|name| format!("name {name}")),
            self.pci.as_ref().map(|pci| format!("PCI {pci}")),
            self.node.as_ref().map(|node| format!("node {node}")),
            self.uuid.as_ref().map(|uuid| format!("UUID {uuid}")),
        ];
        let names: Vec<String> = names.into_iter().flatten().collect();
        let indented = if names.is_empty() { String::new() } else { format!("\n   {}", names.join(", ")) };
        format!("{}  {what}{indented}", self.index)
    }
}
