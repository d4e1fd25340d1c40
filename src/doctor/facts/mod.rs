//! What doctor knows about a machine. It is plain data, so that a foreign report is judged like one from here.
//!
//! [`gather`] fills in what can be read without risk. What may hang or crash is tried in a separate process
//! ([`super::trials`]) and stored as an [`Outcome`]. No secret is stored: of cookies, only where they are valid.

mod derived;
mod gather;

pub use crate::machine::{
    Authority, AuthorityFile, Container, Cookie, CookieFamily, Display, DisplayName, EglMask, Gpu, Injection,
    Nvml, NvmlGpu, OTHER_ENGINE, PciCard, VendorFile, VulkanDevice, parse_authority, parse_vendor_file,
};
pub use gather::gather;

use crate::renderer::{Kind, Renderer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the report's format. It increases if a field changes its meaning or is removed, not if one is added.
pub const SCHEMA: u32 = 1;

/// The outcome of something that may fail, hang or crash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<T> {
    /// It succeeded.
    Done(T),
    /// It failed, with its own words.
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
        Outcome::NotTried("not tried".into())
    }
}

impl<T> Outcome<T> {
    /// The result, if it succeeded.
    pub fn done(&self) -> Option<&T> {
        if let Outcome::Done(value) = self { Some(value) } else { None }
    }

    /// What went wrong, in words; `None` if it succeeded or wasn't tried.
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

/// Everything known about a machine, or a container on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Environment variables that affect drawing; no others.
    pub environment: BTreeMap<String, String>,
    /// The container, the user and the kernel.
    pub container: Container,
    /// Version of NVIDIA's kernel driver, if its /proc file contains one.
    pub nvidia_kernel_driver: Option<String>,
    /// The answers of NVIDIA's management library.
    pub nvml: Outcome<Nvml>,
    /// Device nodes that drawing needs, and the results of opening them.
    pub nodes: Outcome<Vec<Node>>,
    /// Every library that drawing may need.
    pub libraries: Vec<Library>,
    /// libglvnd's list of EGL implementations.
    pub vendor_files: Vec<VendorFile>,
    /// NVIDIA's driver libraries as files, wherever an engine may have put them.
    pub driver_files: Vec<String>,
    /// NVIDIA's application profiles that show only some GPUs to EGL.
    pub egl_masks: Vec<EglMask>,
    /// NVIDIA's cards on the PCI bus, whatever driver they have.
    pub nvidia_cards: Vec<PciCard>,
    /// Libraries that other programs may need, and the gears don't.
    pub other_libraries: Vec<Library>,
    pub mesa_drivers: Vec<String>,
    /// Whether libxkbcommon finds its data.
    pub keyboard_data: bool,
    /// The requested display, as far as it can be known without connecting.
    pub display: Option<Display>,
    /// Connecting to the display's socket or port: the address, or the operating system's words.
    pub reach: Outcome<String>,
    /// Talking to the X server.
    pub x: Outcome<XAnswer>,
    /// Drawing in a window through GLX.
    pub glx: Outcome<Drawn>,
    /// Drawing in a window through EGL.
    pub egl: Outcome<Drawn>,
    /// Drawing as the gears do on an X server that isn't a GPU's own: with frames that are copied, unless swapping is
    /// faster.
    pub copied: Outcome<Drawn>,
    /// EGL's list of devices.
    pub devices: Outcome<Vec<EglDevice>>,
    /// Drawing on an EGL device.
    pub off_screen: Outcome<Drawn>,
    /// The files that announce drivers to Vulkan's loader.
    pub vulkan_files: Vec<VendorFile>,
    pub vulkan: Outcome<Vec<VulkanDevice>>,
    /// The last lines that the drivers wrote on standard error while they were tried.
    pub said: BTreeMap<String, String>,
}

/// What a library is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Windows need it.
    Window,
    /// libglvnd, which programs call, and which calls the driver.
    Dispatch,
    /// NVIDIA's driver.
    NvidiaDriver,
    /// NVIDIA's GLX loads it, and stays silent if it is missing.
    NvidiaNeeds,
    /// NVIDIA's, for capabilities other than drawing; shows what was injected.
    NvidiaOther,
    /// Mesa's driver.
    Mesa,
    /// WSL's path to the GPU.
    Wsl,
}

/// A shared library, and the result of loading it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Library {
    /// Its soname, or its path.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its Debian package; `None` if a GPU runtime must add it.
    pub package: Option<String>,
    /// Where it was found, with symlinks resolved; otherwise dlopen's words.
    pub loaded: Outcome<String>,
    /// The mount point of the file: `/` if it belongs to the image.
    #[serde(default)]
    pub mount: Option<String>,
}

impl Library {
    /// What dlopen didn't find: this library, or one that it needs.
    pub fn not_found(&self) -> Option<&str> {
        match &self.loaded {
            Outcome::Failed(words) if words.contains("No such file or directory") => words.split(": ").next(),
            _ => None,
        }
    }

    /// Whether it is here, even if it can't be loaded.
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
    pub uid: u32,
    pub gid: u32,
    /// Error number of opening it for reading and writing; `None`: success.
    pub errno: Option<i32>,
    /// Kernel driver behind a DRM node.
    pub driver: Option<String>,
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
        // Only the first class that matches counts.
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

/// The user and group of files whose real ones aren't mapped into a user namespace (user_namespaces(7)).
pub const NOBODY: u32 = 65534;

/// An X server's answer to a new client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XAnswer {
    /// It refused, with these words.
    Refused(String),
    Welcome(XServer),
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct XServer {
    /// Its maker: `The X.Org Foundation`.
    pub vendor: String,
    /// Its release number.
    pub release: u32,
    /// Names of the extensions that this client may use.
    pub extensions: Vec<String>,
    /// Bits per pixel of its screen.
    pub depth: Option<u8>,
    /// Maker of its GLX.
    pub glx_vendor: Option<String>,
    /// The result of attaching shared memory (MIT-SHM). `None`: it has no MIT-SHM.
    pub shared_memory: Option<Result<(), String>>,
}

impl XServer {
    /// Whether this client may use the extension.
    pub fn has(&self, extension: &str) -> bool {
        self.extensions.iter().any(|name| name == extension)
    }

    /// Whether drivers may give it frames without the CPU.
    pub fn may_be_gpus_own(&self) -> bool {
        ["NV-GLX", "DRI3", "DRI2"].into_iter().any(|extension| self.has(extension))
    }

    /// Whether it is NVIDIA's own.
    pub fn is_nvidia(&self) -> bool {
        self.has("NV-GLX") || self.glx_vendor.as_ref().is_some_and(|vendor| vendor.contains("NVIDIA"))
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EglDevice {
    pub label: String,
    pub is_nvidia: bool,
    /// A software rasteriser.
    pub is_software: bool,
    #[serde(default)]
    pub pci: Option<String>,
    /// UUID, 32 hexadecimal digits.
    #[serde(default)]
    pub uuid: Option<String>,
    #[serde(default)]
    pub node: Option<String>,
}

/// A picture with fewer correct pixels doesn't show the gears. Edges, which drivers may draw differently, are far
/// fewer.
const RIGHT_PICTURE: f64 = 0.98;

/// What drew the gears, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    pub renderer: Renderer,
    /// A GPU, or the CPU.
    pub kind: Kind,
    /// The X server, or the device.
    pub device: String,
    /// Share of the correct pixels, from 0 to 1; `None` if the window got another size.
    pub right_pixels: Option<f64>,
    /// Frames per second of the few that were drawn.
    pub fps: f64,
    /// The screen's refresh rate in Hz, if it has one.
    pub refresh_rate: Option<f64>,
    /// Choices that were tried first and failed.
    pub earlier_failures: String,
}

impl Drawn {
    /// A GPU drew, whether or not the picture is correct.
    pub fn is_hardware(&self) -> bool {
        self.kind == Kind::Hardware
    }

    /// The picture isn't known to be wrong.
    pub fn is_right(&self) -> bool {
        self.right_pixels.is_none_or(|share| share >= RIGHT_PICTURE)
    }
}
