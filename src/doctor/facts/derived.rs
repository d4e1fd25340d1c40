//! Conclusions from the facts that several rows need.

use super::{Drawn, Facts, Gpu, Injection, Library, Node, Outcome, Role, XAnswer, XServer};
use crate::machine::{self, EglGpu};

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

    /// The X server that accepted this client.
    pub fn x_server(&self) -> Option<&XServer> {
        match self.x.done()? {
            XAnswer::Welcome(server) => Some(server),
            XAnswer::Refused(_) => None,
        }
    }

    /// The X server's words, if it refused this client.
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

    /// How an NVIDIA GPU got into this container.
    pub fn injection(&self) -> Injection {
        Injection::of(self.was_given_nvidia(), &self.container, |name| self.variable(name))
    }

    /// DRM render nodes.
    pub fn render_nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes().iter().filter(|node| node.path.starts_with("/dev/dri/renderD"))
    }

    /// Every GPU that EGL or NVML knows, by all of its names.
    pub fn gpus(&self) -> Vec<Gpu> {
        let egl = self.devices.done().map_or(&[][..], Vec::as_slice).iter().enumerate();
        let egl = egl.filter(|(_, device)| !device.is_software).map(|(index, device)| EglGpu {
            index,
            name: device.label.clone(),
            pci: device.pci.clone(),
            uuid: device.uuid.clone(),
            node: device.node.clone(),
        });
        let nvml = self.nvml.done().map_or(&[][..], |nvml| &nvml.gpus);
        machine::join_gpus(egl.collect(), nvml, |name| self.variable(name).map(str::to_owned))
    }

    /// Whether NVIDIA's driver should be used here: its kernel driver is loaded, its nodes or libraries are here, or
    /// something asks for them.
    pub fn has_nvidia(&self) -> bool {
        self.nvidia_kernel_driver.is_some() || self.was_given_nvidia()
    }

    /// Whether something of an NVIDIA GPU was passed into this container or asked for.
    pub fn was_given_nvidia(&self) -> bool {
        self.nodes().iter().any(|node| node.path.starts_with("/dev/nvidia"))
            || self
                .libraries
                .iter()
                .any(|library| matches!(library.role, Role::NvidiaDriver | Role::NvidiaOther) && library.is_here())
    }

    /// What the program would draw with: if there is a display, EGL on a device whose frames are copied, GLX or else EGL
    /// in a window; otherwise EGL on a device.
    pub fn in_use(&self) -> Option<&Drawn> {
        match self.display {
            Some(_) => self.copied.done().or(self.glx.done()).or(self.egl.done()),
            None => self.off_screen.done(),
        }
    }

    /// Whether a GPU draws where the program would draw, and the picture isn't known to be wrong.
    pub fn draws_right_in_hardware(&self) -> bool {
        self.in_use().is_some_and(|drawn| drawn.is_hardware() && drawn.is_right())
    }

    /// Whether hardware draws where the program would draw: in a window if there is a display, otherwise on a device.
    /// The picture may be wrong.
    pub fn draws_in_hardware(&self) -> bool {
        let hardware = |outcome: &Outcome<Drawn>| outcome.done().is_some_and(Drawn::is_hardware);
        match self.display {
            Some(_) => hardware(&self.copied) || hardware(&self.glx) || hardware(&self.egl),
            None => hardware(&self.off_screen),
        }
    }
}
