//! Where a benchmark ran: what must be equal for two of them to be comparable, and what explains a difference.

use crate::bench::report::{Environment, PcieLink};
use crate::canvas::{Canvas, MeasuredSwapInterval, Synchronisation, devices};
use crate::machine::{self, Container, Injection, nvidia_driver_version};
use crate::renderer::Kind;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;

/// Gathers the facts about this machine. Call it right after the rounds, because an idle PCI Express link slows down.
/// `synchronisation` is what the on-screen rate reveals about the swap interval.
pub fn gather(canvas: &Canvas, synchronisation: Synchronisation) -> Environment {
    let renderer = canvas.gl().renderer.clone();
    let swap_interval =
        canvas.window().map(|window| MeasuredSwapInterval::new(&window.swap_interval, synchronisation));
    let variables: BTreeMap<String, String> = env::vars().collect();
    let container = machine::container(&variables);
    Environment {
        kind: renderer.kind(),
        nvidia_driver: nvidia_driver_version(),
        api: canvas.api().name().into(),
        device: canvas.name(),
        display: canvas.window().map(|window| window.display().to_owned()),
        swap_interval,
        gpu_way: container.engine.is_some().then(|| gpu_way(&container, &variables).into()),
        container: container.engine,
        pcie: pci_address(canvas).and_then(|address| pcie_link(Path::new("/sys/bus/pci/devices"), &address)),
        cpu: cpu_model(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        kernel: container.kernel,
        variables: variables.into_iter().filter(|(name, _)| is_about_opengl(name)).collect(),
        renderer,
    }
}

/// Prefixes of environment variables that choose or change an OpenGL driver.
const VARIABLES: &[&str] = &[
    "NVIDIA_",
    "__GL",
    "__EGL",
    "__NV_",
    "LIBGL_",
    "MESA_",
    "GALLIUM_",
    "LP_",
    "EGL_",
    "vblank_mode",
    "DRI_PRIME",
];

fn is_about_opengl(name: &str) -> bool {
    VARIABLES.iter().any(|start| name.starts_with(start))
}

/// How a GPU came into this container.
fn gpu_way(container: &Container, variables: &BTreeMap<String, String>) -> &'static str {
    let is = |path: &str| Path::new(path).exists();
    let variable = |name: &str| variables.get(name).map(String::as_str).filter(|value| !value.is_empty());
    match Injection::of(is("/dev/nvidiactl"), container, variable) {
        Injection::Cdi => "CDI",
        Injection::Hook => "NVIDIA runtime or --gpus",
        Injection::ByHand => "devices mounted",
        Injection::None | Injection::Host if is("/dev/dxg") => "WSL",
        Injection::None | Injection::Host if is("/dev/dri") => "/dev/dri",
        Injection::None | Injection::Host => "none",
    }
}

/// The address of the GPU that draws: the device's own, or, for a window, that of the only GPU it could be.
fn pci_address(canvas: &Canvas) -> Option<String> {
    if let Some(device) = canvas.device() {
        return device.pci.clone();
    }
    let renderer = &canvas.gl().renderer;
    if renderer.kind() == Kind::Software {
        return None;
    }
    let same_maker = devices().ok()?.into_iter().filter(|device| device.is_nvidia == renderer.is_nvidia());
    let mut found: Vec<String> = same_maker.filter_map(|device| device.pci).collect();
    found.dedup();
    <[String; 1]>::try_from(found).ok().map(|[only]| only)
}

/// 10⁹ bytes per second per lane, by 10⁹ transfers per second (PCI Express Base Specification: 8b/10b encoding up to
/// 5 GT/s, then 128b/130b, and from 64 GT/s flits of 242 bytes in 256).
const LANES: &[(f64, f64)] = &[
    (2.5, 0.25),
    (5.0, 0.5),
    (8.0, 128.0 / 130.0),
    (16.0, 2.0 * 128.0 / 130.0),
    (32.0, 4.0 * 128.0 / 130.0),
    (64.0, 8.0 * 242.0 / 256.0),
];

/// The link of the device at `address`. `devices` is /sys/bus/pci/devices except in tests.
fn pcie_link(devices: &Path, address: &str) -> Option<PcieLink> {
    let read = |file: &str| fs::read_to_string(devices.join(address).join(file)).ok();
    // "16.0 GT/s PCIe", or "Unknown" if there is no link.
    let gigatransfers: f64 = read("current_link_speed")?.split_whitespace().next()?.parse().ok()?;
    let lanes: u32 = read("current_link_width")?.trim().parse().ok()?;
    let (_, per_lane) = LANES.iter().find(|(speed, _)| (speed - gigatransfers).abs() < 0.1)?;
    let gigabytes_per_second = per_lane * f64::from(lanes);
    (lanes > 0).then(|| PcieLink { address: address.into(), gigatransfers, lanes, gigabytes_per_second })
}

/// The processor's name from /proc/cpuinfo; Arm has only a part number there.
fn cpu_model(cpuinfo: &str) -> String {
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    field("model name").or_else(|| field("CPU part")).unwrap_or_else(|| env::consts::ARCH.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_as_the_kernel_writes_it() {
        let devices = tempfile::tempdir().unwrap();
        let device = devices.path().join("0000:c1:00.0");
        fs::create_dir(&device).unwrap();
        fs::write(device.join("current_link_speed"), "16.0 GT/s PCIe\n").unwrap();
        fs::write(device.join("current_link_width"), "16\n").unwrap();
        let link = pcie_link(devices.path(), "0000:c1:00.0").unwrap();
        assert_eq!((link.gigatransfers, link.lanes), (16.0, 16));
        assert!((link.gigabytes_per_second - 31.5).abs() < 0.01);
        fs::write(device.join("current_link_speed"), "Unknown\n").unwrap();
        assert_eq!(pcie_link(devices.path(), "0000:c1:00.0"), None);
        assert_eq!(pcie_link(devices.path(), "0000:00:00.0"), None);
    }

    #[test]
    fn the_processors_name() {
        assert_eq!(cpu_model("processor : 0\nmodel name\t: AMD EPYC 7R13\nflags: fpu"), "AMD EPYC 7R13");
        assert_eq!(cpu_model("processor : 0\nCPU part\t: 0xd40\n"), "0xd40");
        assert_eq!(cpu_model(""), env::consts::ARCH);
    }
}
