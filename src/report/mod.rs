//! What a run tells: one set of structs, written as text or as JSON.

pub mod bench;
pub mod doctor;
pub mod json;
pub mod text;

use crate::renderer::{Kind, Renderer};
use serde::{Deserialize, Serialize};

/// What draws, and where to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drawing {
    /// The names of the OpenGL implementation.
    #[serde(flatten)]
    pub renderer: Renderer,
    /// A GPU, or the CPU.
    pub kind: Kind,
    /// The way to the context: `GLX` or `EGL`.
    pub api: &'static str,
    /// `on-screen` or `off-screen`.
    pub target: Target,
    /// The X server, or the device, by name.
    pub device: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Samples a pixel; 0: no multisampling.
    pub samples: u32,
}

/// Whether frames are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// In a window.
    OnScreen,
    /// In a framebuffer that nobody sees.
    OffScreen,
}

impl Target {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Target::OnScreen => "on-screen",
            Target::OffScreen => "off-screen",
        }
    }
}

/// One interval of the FPS line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Frames that ended in it.
    pub frames: u64,
    /// Its length, from the end of the frame before its first to the end of its last.
    pub seconds: f64,
    /// Frames a second.
    pub fps: f64,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Frames drawn.
    pub frames: u64,
    /// Frames timed: all but the first, in which drivers compile and allocate.
    pub timed_frames: u64,
    /// Sum of all frame times.
    pub seconds: f64,
    /// Average FPS: timed frames divided by the sum of their frame times.
    pub fps: Option<f64>,
    /// The frame time that half of the frames do not exceed, in milliseconds.
    pub frame_time_p50_ms: Option<f64>,
    /// The frame time that 99 % of the frames do not exceed, in milliseconds.
    pub frame_time_p99_ms: Option<f64>,
    /// The swap interval.
    pub swap_interval: Option<SwapIntervalReport>,
    /// What drew.
    #[serde(flatten)]
    pub drawing: Drawing,
}

/// The swap interval, on-screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwapIntervalReport {
    /// What the user asked for.
    pub asked: Option<i32>,
    /// What the driver says is in force.
    pub accepted: Option<i32>,
    /// Why what was asked for was not taken.
    pub refusal: Option<String>,
    /// What the frame rate tells.
    pub measured: String,
}

/// An EGL device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceReport {
    /// Place in EGL's own order.
    pub index: usize,
    /// Its own name, where it tells one.
    pub name: Option<String>,
    /// The renderer that draws on it.
    pub renderer: Option<String>,
    /// A GPU, or the CPU.
    pub kind: Option<Kind>,
    /// Why nothing draws on it.
    pub failure: Option<String>,
    /// PCI address.
    pub pci: Option<String>,
    /// DRM node.
    pub node: Option<String>,
    /// UUID.
    pub uuid: Option<String>,
}
