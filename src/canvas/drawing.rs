//! What draws, and where to: a part of every report.

use crate::renderer::{Kind, Renderer};
use serde::{Deserialize, Serialize};

/// What draws, and where to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drawing {
    #[serde(flatten)]
    pub renderer: Renderer,
    pub kind: Kind,
    /// The way to the context: `GLX` or `EGL`.
    pub api: &'static str,
    pub target: Target,
    /// The X server, or the device, by name.
    pub device: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Samples per pixel; 0: no multisampling.
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

/// What became of a window's swap interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwapIntervalReport {
    /// What the user asked for, in refreshes per frame.
    pub asked: Option<i32>,
    /// What the driver says is in force.
    pub accepted: Option<i32>,
    /// Why what was asked for was not taken.
    pub refusal: Option<String>,
    /// What the frame rate tells.
    pub measured: String,
}

impl SwapIntervalReport {
    /// In words.
    pub fn words(&self) -> String {
        let number = |n: Option<i32>, none: &str| n.map_or_else(|| none.to_owned(), |n| n.to_string());
        let refusal = self.refusal.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!(
            "asked {}, accepted {}{refusal}, measured: {}",
            number(self.asked, "none"),
            number(self.accepted, "unknown"),
            self.measured
        )
    }
}
