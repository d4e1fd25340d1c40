//! What the doctor knows of a machine: plain data, so that a report made elsewhere is judged as if it were made here.
//!
//! [`look`] fills in what can be read without risk. What may hang or crash is tried in a process of its own
//! ([`super::trials`]) and kept as an [`Outcome`]. No secret is kept: of a cookie only where it is valid.

mod derived;
mod look;

pub use crate::machine::{
    Authority, AuthorityFile, Container, Cookie, CookieFamily, Display, DisplayName, EglMask, Gpu, Injection,
    Nvml, NvmlGpu, OTHER_ENGINE, PciCard, VendorFile, VulkanDevice, parse_authority, parse_vendor_file,
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
    /// NVIDIA's cards on the PCI bus, whatever driver they have.
    pub nvidia_cards: Vec<PciCard>,
    /// Libraries that other programs may need, and the gears don't.
    pub other_libraries: Vec<Library>,
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
    /// The files that tell Vulkan's loader of drivers.
    pub vulkan_files: Vec<VendorFile>,
    /// Vulkan's devices.
    pub vulkan: Outcome<Vec<VulkanDevice>>,
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
    /// PCI address.
    #[serde(default)]
    pub pci: Option<String>,
    /// UUID, 32 hexadecimal digits.
    #[serde(default)]
    pub uuid: Option<String>,
    /// DRM node.
    #[serde(default)]
    pub node: Option<String>,
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
