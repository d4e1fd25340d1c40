//! What the doctor knows of a machine: plain data, so that a report made elsewhere is judged as if it were made here.
//!
//! [`look`] fills in what can be read without risk. What may hang or crash is tried in a process of its own
//! ([`super::trials`]) and kept as an [`Outcome`]. No secret is kept: of a cookie only where it is valid.

mod look;
pub mod nvml;

pub use crate::machine::{
    Authority, AuthorityFile, Container, Cookie, CookieFamily, Display, DisplayName, EglMask, Injection,
    OTHER_ENGINE, VendorFile, parse_authority, parse_vendor_file,
};
pub use look::look;

use crate::renderer::{Kind, Renderer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the report's format. It grows when a field changes its meaning or goes away, not when one is added.
pub const SCHEMA: u32 = 1;

/// What came of something that may fail, hang or crash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<T> {
    /// It went well.
    Done(T),
    /// It failed, in its own words.
    Failed(String),
    /// It did not end within this many seconds.
    Hung(f64),
    /// Its process died: `SIGSEGV`, or an exit code.
    Died(String),
    /// It was not tried, for this reason.
    NotTried(String),
}

impl<T> Default for Outcome<T> {
    fn default() -> Self {
        Outcome::NotTried("not looked at".into())
    }
}

impl<T> Outcome<T> {
    /// What it gave, where it went well.
    pub fn done(&self) -> Option<&T> {
        if let Outcome::Done(value) = self { Some(value) } else { None }
    }

    /// What went wrong, in words; `None` where it went well or was not tried.
    pub fn failure(&self) -> Option<String> {
        match self {
            Outcome::Done(_) | Outcome::NotTried(_) => None,
            Outcome::Failed(reason) => Some(reason.clone()),
            Outcome::Hung(seconds) => Some(format!("no end after {seconds:.1} s")),
            Outcome::Died(how) => Some(format!("it crashed ({how})")),
        }
    }

    /// The same with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Outcome::Done(value) => Outcome::Done(f(value)),
            Outcome::Failed(reason) => Outcome::Failed(reason),
            Outcome::Hung(seconds) => Outcome::Hung(seconds),
            Outcome::Died(how) => Outcome::Died(how),
            Outcome::NotTried(why) => Outcome::NotTried(why),
        }
    }
}

/// Everything that is known of a machine, or of a container on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Environment variables that decide about drawing; no others.
    pub environment: BTreeMap<String, String>,
    /// The container, the user and the kernel.
    pub container: Container,
    /// Version of NVIDIA's kernel driver, where its /proc file tells one.
    pub nvidia_kernel_driver: Option<String>,
    /// NVIDIA's management library, asked what it knows.
    pub nvml: Outcome<Nvml>,
    /// Device nodes that drawing needs, and what opening them gave.
    pub nodes: Outcome<Vec<Node>>,
    /// Every library that drawing may need.
    pub libraries: Vec<Library>,
    /// libglvnd's list of EGL implementations.
    pub vendor_files: Vec<VendorFile>,
    /// NVIDIA's driver libraries as files, wherever an engine may have put them.
    pub driver_files: Vec<String>,
    /// NVIDIA's application profiles that let EGL see some GPUs only.
    pub egl_masks: Vec<EglMask>,
    /// Mesa's driver files.
    pub mesa_drivers: Vec<String>,
    /// Whether libxkbcommon finds its data.
    pub keyboard_data: bool,
    /// The display asked for, as far as it can be known without connecting.
    pub display: Option<Display>,
    /// Connecting to the display's socket or port: the address, or the operating system's words.
    pub reach: Outcome<String>,
    /// Talking to the X server.
    pub x: Outcome<XAnswer>,
    /// Drawing in a window through GLX.
    pub glx: Outcome<Drawn>,
    /// Drawing in a window through EGL.
    pub egl: Outcome<Drawn>,
    /// EGL's list of devices.
    pub devices: Outcome<Vec<EglDevice>>,
    /// Drawing on an EGL device.
    pub off_screen: Outcome<Drawn>,
    /// The last lines that the drivers wrote on standard error while they were tried.
    pub said: BTreeMap<String, String>,
}

/// What a library is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A window does not open without it.
    Window,
    /// libglvnd, which programs call and which calls the driver.
    Dispatch,
    /// NVIDIA's driver.
    NvidiaDriver,
    /// NVIDIA's GLX loads it, and says nothing where it is missing.
    NvidiaNeeds,
    /// NVIDIA's, for other capabilities than drawing; tells what was injected.
    NvidiaOther,
    /// Mesa's driver.
    Mesa,
    /// WSL's way to the GPU.
    Wsl,
}

/// A shared library, and what loading it gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Library {
    /// Its soname, or its path.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The Debian package it is in; `None` where a GPU runtime has to bring it.
    pub package: Option<String>,
    /// Where it was found, with links followed; else dlopen's words.
    pub loaded: Outcome<String>,
    /// The mount point that the file lies on: `/` if it is the image's own.
    #[serde(default)]
    pub mount: Option<String>,
}

impl Library {
    /// What dlopen did not find: this library, or one that it needs.
    pub fn not_found(&self) -> Option<&str> {
        match &self.loaded {
            Outcome::Failed(words) if words.contains("No such file or directory") => words.split(": ").next(),
            _ => None,
        }
    }

    /// Whether it is here; it may not load all the same.
    pub fn is_here(&self) -> bool {
        match &self.loaded {
            Outcome::Done(_) | Outcome::Hung(_) | Outcome::Died(_) => true,
            Outcome::Failed(_) => self.not_found() != Some(&self.name),
            Outcome::NotTried(_) => false,
        }
    }
}

/// A device node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Such as `/dev/nvidiactl`.
    pub path: String,
    /// Permission bits, as in `stat`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Error number of opening it for reading and writing; `None`: it opened.
    pub errno: Option<i32>,
    /// Kernel driver behind a DRM node.
    pub driver: Option<String>,
    /// Minor device number.
    #[serde(default)]
    pub minor: Option<u32>,
}

impl Node {
    /// Whether its permissions let this user read and write it.
    pub fn admits(&self, container: &Container) -> bool {
        let is_unmapped = container.user_namespace && (self.uid == NOBODY || self.gid == NOBODY);
        if container.dac_override && !is_unmapped {
            return true;
        }
        // The first class that fits counts, and no other.
        let shift = if self.uid == container.uid {
            6
        } else if container.groups.contains(&self.gid) {
            3
        } else {
            0
        };
        self.mode >> shift & 0o6 == 0o6
    }
}

/// User and group of files whose own are not mapped into a user namespace (user_namespaces(7)).
pub const NOBODY: u32 = 65534;

/// What NVIDIA's management library answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nvml {
    /// What `nvmlInit` returned; 0: success.
    pub code: i32,
    /// The GPUs.
    pub gpus: Vec<NvmlGpu>,
}

/// A GPU as NVIDIA's management library describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NvmlGpu {
    /// Its name.
    pub name: String,
    /// Its operation mode leaves graphics out.
    pub is_compute_only: bool,
    /// It is divided into instances (MIG).
    pub has_mig: bool,
    /// What NVML answered when it was asked for this GPU; 0: it works.
    #[serde(default)]
    pub code: i32,
    /// Number of its device node: N of `/dev/nvidiaN`.
    #[serde(default)]
    pub minor: Option<u32>,
    /// PCI address.
    #[serde(default)]
    pub pci: Option<String>,
    /// UUID, as in NVIDIA_VISIBLE_DEVICES.
    #[serde(default)]
    pub uuid: Option<String>,
}

/// What an X server answered to a client that connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XAnswer {
    /// It refused, in these words.
    Refused(String),
    /// It let the client in.
    Welcome(XServer),
}

/// An X server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct XServer {
    /// Its maker: `The X.Org Foundation`.
    pub vendor: String,
    /// Its release number.
    pub release: u32,
    /// Names of the extensions that this client may use.
    pub extensions: Vec<String>,
    /// Maker of its GLX.
    pub glx_vendor: Option<String>,
    /// Attaching shared memory (MIT-SHM): nothing, or what went wrong. `None`: it has no MIT-SHM.
    pub shared_memory: Option<Result<(), String>>,
}

impl XServer {
    /// Whether this client may use the extension.
    pub fn has(&self, extension: &str) -> bool {
        self.extensions.iter().any(|name| name == extension)
    }

    /// Whether it is NVIDIA's own.
    pub fn is_nvidia(&self) -> bool {
        self.has("NV-GLX") || self.glx_vendor.as_ref().is_some_and(|vendor| vendor.contains("NVIDIA"))
    }
}

/// An EGL device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EglDevice {
    /// What it is called.
    pub label: String,
    /// NVIDIA's.
    pub is_nvidia: bool,
    /// A software rasteriser.
    pub is_software: bool,
}

/// A picture with fewer right pixels is not the gears; edges, which drivers may draw each in its own way, are far less.
const RIGHT_PICTURE: f64 = 0.98;

/// What drew the gears, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// Its names.
    pub renderer: Renderer,
    /// A GPU, or the CPU.
    pub kind: Kind,
    /// The X server, or the device.
    pub device: String,
    /// Share of the pixels that are as they should be, 0 to 1; `None` where the window got another size.
    pub right_pixels: Option<f64>,
    /// Frames a second over the few that were drawn.
    pub fps: f64,
    /// The screen's refresh rate in Hz, where it has one.
    pub refresh_rate: Option<f64>,
    /// Choices that were tried before and failed.
    pub earlier_failures: String,
}

impl Drawn {
    /// A GPU drew, the right picture or a wrong one.
    pub fn is_hardware(&self) -> bool {
        self.kind == Kind::Hardware
    }

    /// The picture is not known to be wrong.
    pub fn is_right(&self) -> bool {
        self.right_pixels.is_none_or(|share| share >= RIGHT_PICTURE)
    }
}

impl Facts {
    /// An environment variable that is set, and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A library by its name.
    pub fn library(&self, name: &str) -> Option<&Library> {
        self.libraries.iter().find(|library| library.name == name)
    }

    /// Whether a library could be loaded.
    pub fn loads(&self, name: &str) -> bool {
        self.library(name).is_some_and(|library| library.loaded.done().is_some())
    }

    /// Why a library could not be loaded.
    pub fn load_failure(&self, name: &str) -> Option<String> {
        self.library(name)?.loaded.failure()
    }

    /// The device nodes that are here.
    pub fn nodes(&self) -> &[Node] {
        self.nodes.done().map_or(&[], Vec::as_slice)
    }

    /// A device node by its path.
    pub fn node(&self, path: &str) -> Option<&Node> {
        self.nodes().iter().find(|node| node.path == path)
    }

    /// The X server that let this client in.
    pub fn x_server(&self) -> Option<&XServer> {
        match self.x.done()? {
            XAnswer::Welcome(server) => Some(server),
            XAnswer::Refused(_) => None,
        }
    }

    /// The X server's words where it refused this client.
    pub fn x_refusal(&self) -> Option<&str> {
        match self.x.done()? {
            XAnswer::Refused(words) => Some(words),
            XAnswer::Welcome(_) => None,
        }
    }

    /// The node of each NVIDIA GPU: `/dev/nvidia0` and so on.
    pub fn nvidia_gpu_nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes().iter().filter(|node| {
            let number = node.path.strip_prefix("/dev/nvidia");
            number.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        })
    }

    /// How an NVIDIA GPU came into this container.
    pub fn injection(&self) -> Injection {
        Injection::of(self.was_given_nvidia(), &self.container, |name| self.variable(name))
    }

    /// DRM render nodes.
    pub fn render_nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes().iter().filter(|node| node.path.starts_with("/dev/dri/renderD"))
    }

    /// NVIDIA's driver is meant to be used here: its kernel driver is loaded, or its nodes, its libraries or the
    /// wish for them are here.
    pub fn has_nvidia(&self) -> bool {
        self.nvidia_kernel_driver.is_some() || self.was_given_nvidia()
    }

    /// Something of an NVIDIA GPU was passed into this container, or asked for.
    pub fn was_given_nvidia(&self) -> bool {
        self.nodes().iter().any(|node| node.path.starts_with("/dev/nvidia"))
            || self
                .libraries
                .iter()
                .any(|library| matches!(library.role, Role::NvidiaDriver | Role::NvidiaOther) && library.is_here())
    }

    /// What the program would draw with: GLX, else EGL, in a window if there is a display; else EGL on a device.
    pub fn in_use(&self) -> Option<&Drawn> {
        match self.display {
            Some(_) => self.glx.done().or(self.egl.done()),
            None => self.off_screen.done(),
        }
    }

    /// All is well: a GPU draws where the program would draw, and nothing says that the picture is wrong.
    pub fn draws_right_in_hardware(&self) -> bool {
        self.in_use().is_some_and(|drawn| drawn.is_hardware() && drawn.is_right())
    }

    /// Something draws in hardware where the program would draw: in a window where there is a display, else on a
    /// device. The picture may be wrong.
    pub fn draws_in_hardware(&self) -> bool {
        let hardware = |outcome: &Outcome<Drawn>| outcome.done().is_some_and(Drawn::is_hardware);
        match self.display {
            Some(_) => hardware(&self.glx) || hardware(&self.egl),
            None => hardware(&self.off_screen),
        }
    }
}
