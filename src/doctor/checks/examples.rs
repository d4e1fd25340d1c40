//! Building blocks of the rows' examples: a healthy container, and what can be wrong with it.

#![cfg(test)]

use super::catalogue::Id;
pub(super) use crate::doctor::facts::{
    Authority, AuthorityFile, Cookie, CookieFamily, Display, DisplayName, Drawn, EglDevice, Facts, Library, Node,
    Nvml, NvmlGpu, Outcome, PciCard, Role, VendorFile, XAnswer, XServer,
};
pub(super) use crate::renderer::{Kind, Renderer};

/// A change to a healthy container that makes a row fire.
#[derive(Clone, Copy)]
pub(super) struct Example {
    pub(super) id: Id,
    /// Whether the row must be the first cause that doctor names.
    pub(super) leads: bool,
    pub(super) change: fn(&mut Facts),
}

pub(super) const fn leads(id: Id, change: fn(&mut Facts)) -> Example {
    Example { id, leads: true, change }
}

/// A row that is reported without being the first cause: a note, a lesser warning, or a consequence of another row.
pub(super) const fn told(id: Id, change: fn(&mut Facts)) -> Example {
    Example { id, leads: false, change }
}

pub(super) const VERSION: &str = "580.159.04";
pub(super) const H100: &str = "NVIDIA H100 80GB HBM3/PCIe/SSE2";

pub(super) fn drawn(renderer: &str, kind: Kind) -> Outcome<Drawn> {
    let vendor = if renderer.contains("NVIDIA") { "NVIDIA Corporation" } else { "Mesa" };
    let renderer = Renderer { renderer: renderer.into(), vendor: vendor.into(), version: "4.6.0".into() };
    Outcome::Done(Drawn {
        renderer,
        kind,
        device: "somewhere".into(),
        right_pixels: Some(0.999),
        fps: 5000.0,
        refresh_rate: None,
        earlier_failures: String::new(),
    })
}

pub(super) fn llvmpipe() -> Outcome<Drawn> {
    drawn("llvmpipe (LLVM 19.1.7, 256 bits)", Kind::Software)
}

pub(super) fn library(name: &str, role: Role) -> Library {
    Library {
        name: name.into(),
        role,
        package: None,
        loaded: Outcome::Done(format!("/usr/lib/{name}")),
        mount: None,
    }
}

pub(super) fn node(path: &str) -> Node {
    Node { path: path.into(), mode: 0o666, uid: 0, gid: 0, errno: None, driver: None, minor: None }
}

pub(super) fn display(asked: &str) -> Display {
    let cookie = Cookie {
        family: CookieFamily::Wild,
        address: String::new(),
        number: String::new(),
        name: "MIT-MAGIC-COOKIE-1".into(),
    };
    Display {
        asked: asked.into(),
        name: DisplayName::parse(asked),
        hostname: "c0ffee".into(),
        authority: Authority {
            path: Some("/gears.xauth".into()),
            is_named: true,
            file: AuthorityFile::Cookies { cookies: vec![cookie], is_damaged: false },
        },
        sockets: vec![":0".into()],
        more_sockets: 0,
    }
}

/// A container with an H100 and an Xvfb, as started by NVIDIA's runtime and scripts/run.
pub(super) fn healthy() -> Facts {
    let mut facts = Facts {
        nvidia_kernel_driver: Some(VERSION.into()),
        keyboard_data: true,
        display: Some(display(":0")),
        reach: Outcome::Done("/tmp/.X11-unix/X0".into()),
        glx: drawn(H100, Kind::Hardware),
        egl: Outcome::Failed(
            "could not open a window with OpenGL 2.1 or OpenGL ES 2.0\n  tried EGL: no config will do".into(),
        ),
        off_screen: drawn(H100, Kind::Hardware),
        ..Facts::default()
    };
    facts.container.engine = Some("docker".into());
    facts.container.uid = 65532;
    let set = [("NVIDIA_VISIBLE_DEVICES", "all"), ("__GLX_VENDOR_LIBRARY_NAME", "nvidia")];
    facts.environment.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let all = "compute,utility,graphics,display";
    facts.environment.insert("NVIDIA_DRIVER_CAPABILITIES".into(), all.into());
    facts.nodes = Outcome::Done(["/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-modeset"].map(node).into());
    let gpu = NvmlGpu { name: "NVIDIA H100 80GB HBM3".into(), ..NvmlGpu::default() };
    facts.nvml = Outcome::Done(Nvml { code: 0, gpus: vec![gpu] });
    facts.libraries = vec![
        library("libX11.so.6", Role::Window),
        library("libGL.so.1", Role::Dispatch),
        library("libEGL.so.1", Role::Dispatch),
        library("libGLX_nvidia.so.0", Role::NvidiaDriver),
        library("libEGL_nvidia.so.0", Role::NvidiaDriver),
        library(&format!("libnvidia-gpucomp.so.{VERSION}"), Role::NvidiaDriver),
        library("libXext.so.6", Role::NvidiaNeeds),
        library("libxcb-glx.so.0", Role::NvidiaNeeds),
        library("libnvidia-ml.so.1", Role::NvidiaOther),
        library("libGLX_mesa.so.0", Role::Mesa),
        library("libdxcore.so", Role::Wsl),
    ];
    without_library(&mut facts, "libGLX_mesa.so.0");
    without_library(&mut facts, "libdxcore.so");
    let vendor = |path: &str, library: &str| VendorFile { path: path.into(), library: Ok(library.into()) };
    facts.vendor_files = vec![vendor("/usr/share/glvnd/egl_vendor.d/10_nvidia.json", "libEGL_nvidia.so.0")];
    let extensions = ["GLX", "MIT-SHM", "RANDR", "RENDER", "XInputExtension", "XKEYBOARD"];
    facts.x = Outcome::Done(XAnswer::Welcome(XServer {
        vendor: "The X.Org Foundation".into(),
        extensions: extensions.map(Into::into).into(),
        glx_vendor: Some("SGI".into()),
        shared_memory: Some(Ok(())),
        ..XServer::default()
    }));
    facts.devices = Outcome::Done(vec![EglDevice {
        label: "EGL device 0".into(),
        is_nvidia: true,
        is_software: false,
        ..EglDevice::default()
    }]);
    facts
}

pub(super) fn without_library(facts: &mut Facts, name: &str) {
    let words = format!("{name}: cannot open shared object file: No such file or directory");
    load(facts, name, Outcome::Failed(words));
}

pub(super) fn load(facts: &mut Facts, name: &str, loaded: Outcome<String>) {
    facts
        .libraries
        .iter_mut()
        .filter(|library| library.name == name)
        .for_each(|library| library.loaded = loaded.clone());
}

pub(super) fn server(facts: &mut Facts, change: impl FnOnce(&mut XServer)) {
    if let Outcome::Done(XAnswer::Welcome(server)) = &mut facts.x {
        change(server);
    }
}

pub(super) fn without_extensions(facts: &mut Facts, names: &[&str]) {
    server(facts, |server| server.extensions.retain(|extension| !names.contains(&extension.as_str())));
}

/// No window opens, for whatever reason.
pub(super) fn no_window(facts: &mut Facts) {
    facts.glx = Outcome::NotTried("there is no connection to the X server".into());
    facts.egl = facts.glx.clone();
}

pub(super) fn no_window_through_egl(facts: &mut Facts) {
    facts.egl = Outcome::Failed("no config will do".into());
}

/// Nothing draws any longer.
pub(super) fn nothing_draws(facts: &mut Facts) {
    let reason = || Outcome::Failed("  tried GLX: no config will do".into());
    (facts.glx, facts.egl, facts.off_screen) = (reason(), reason(), reason());
}

/// The X server refuses this client.
pub(super) fn refuse(facts: &mut Facts, words: &str) {
    facts.x = Outcome::Done(XAnswer::Refused(words.into()));
    no_window(facts);
}

/// The display `asked`, which can't be reached.
pub(super) fn unreachable(facts: &mut Facts, asked: &str, words: &str) {
    facts.display = Some(display(asked));
    facts.x = Outcome::Failed(words.into());
    facts.reach = Outcome::Failed(words.into());
    no_window(facts);
}

pub(super) fn authority(facts: &mut Facts, file: AuthorityFile) {
    if let Some(display) = &mut facts.display {
        display.authority.file = file;
    }
}

pub(super) const WANTED: &str = "Authorization required, but no authorization protocol specified";
pub(super) const NO_FILE: &str = "No such file or directory (os error 2)";
pub(super) const REFUSED: &str = "Connection refused (os error 111)";

pub(super) fn errno(facts: &mut Facts, path: &str, errno: i32) {
    if let Outcome::Done(nodes) = &mut facts.nodes {
        nodes.iter_mut().filter(|node| node.path == path).for_each(|node| node.errno = Some(errno));
    }
    nothing_draws(facts);
}

/// An image with Mesa, without a GPU.
pub(super) fn without_gpu(facts: &mut Facts) {
    facts.nvidia_kernel_driver = None;
    facts.nodes = Outcome::Done(Vec::new());
    facts.nvml =
        Outcome::Failed("libnvidia-ml.so.1: cannot open shared object file: No such file or directory".into());
    facts.environment.retain(|name, _| !name.contains("NV"));
    for name in ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0", "libnvidia-ml.so.1"] {
        without_library(facts, name);
    }
    facts.libraries.retain(|library| !library.name.contains("gpucomp"));
    load(facts, "libGLX_mesa.so.0", Outcome::Done("/usr/lib/libGLX_mesa.so.0".into()));
    facts.mesa_drivers = vec!["/usr/lib/dri/swrast_dri.so".into()];
    facts.devices = Outcome::Done(vec![EglDevice {
        label: "EGL device 0".into(),
        is_nvidia: false,
        is_software: true,
        ..EglDevice::default()
    }]);
    (facts.glx, facts.egl, facts.off_screen) = (llvmpipe(), llvmpipe(), llvmpipe());
}

pub(super) fn render_node(facts: &mut Facts, driver: &str, errno: Option<i32>) {
    let node = Node { mode: 0o660, gid: 104, errno, driver: Some(driver.into()), ..node("/dev/dri/renderD128") };
    if let Outcome::Done(nodes) = &mut facts.nodes {
        nodes.push(node);
    }
}

/// The node's permissions.
pub(super) fn mode(facts: &mut Facts, path: &str, mode: u32) {
    if let Outcome::Done(nodes) = &mut facts.nodes {
        nodes.iter_mut().filter(|node| node.path == path).for_each(|node| node.mode = mode);
    }
}

/// The node's owner and group.
pub(super) fn owned_by(facts: &mut Facts, path: &str, id: u32) {
    if let Outcome::Done(nodes) = &mut facts.nodes {
        nodes.iter_mut().filter(|node| node.path == path).for_each(|node| (node.uid, node.gid) = (id, id));
    }
}

/// The library is a file of the image, not a mount.
pub(super) fn of_image(facts: &mut Facts, name: &str) {
    for library in facts.libraries.iter_mut().filter(|library| library.name == name) {
        library.loaded = Outcome::Done(format!("/usr/lib/{name}.{VERSION}").replace(".so.0.", ".so."));
        library.mount = Some("/".into());
    }
}

/// WSL with its device and its library.
pub(super) fn wsl_with_all(facts: &mut Facts) {
    facts.container.kernel = "6.6.87.2-microsoft-standard-WSL2".into();
    facts.nodes = Outcome::Done(vec![node("/dev/dxg")]);
    load(facts, "libdxcore.so", Outcome::Done("/usr/lib/wsl/lib/libdxcore.so".into()));
    facts.mesa_drivers = vec!["/usr/lib/libgallium-25.0.7.so".into()];
}

/// Two GPUs, which EGL lists in the opposite order to NVML.
pub(super) fn two_gpus(facts: &mut Facts, cuda: &str) {
    let uuid = |letter: &str| format!("GPU-{}0000-0000-0000-0000-000000000000", letter.repeat(4));
    let gpu =
        |letter: &str| NvmlGpu { name: "NVIDIA H100".into(), uuid: Some(uuid(letter)), ..NvmlGpu::default() };
    facts.nvml = Outcome::Done(Nvml { code: 0, gpus: vec![gpu("a"), gpu("b")] });
    let device = |letter: &str| EglDevice {
        label: format!("EGL device {letter}"),
        is_nvidia: true,
        uuid: Some(uuid(letter).replace("GPU-", "").replace('-', "")),
        ..EglDevice::default()
    };
    facts.devices = Outcome::Done(vec![device("b"), device("a")]);
    if let Outcome::Done(nodes) = &mut facts.nodes {
        nodes.push(node("/dev/nvidia1"));
    }
    facts.environment.insert("CUDA_VISIBLE_DEVICES".into(), cuda.into());
}
