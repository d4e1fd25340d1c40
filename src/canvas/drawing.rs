//! What draws, and where: a part of every report.

use crate::renderer::{Kind, Renderer};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drawing {
    #[serde(flatten)]
    pub renderer: Renderer,
    pub kind: Kind,
    /// How the context was created: `GLX` or `EGL`.
    pub api: &'static str,
    pub target: Target,
    /// Name of the X server or the device.
    pub device: String,
    pub width: u32,
    pub height: u32,
    /// Samples per pixel; 0 means no multisampling.
    pub samples: u32,
}

/// Whether frames are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    OnScreen,
    /// Into a framebuffer that nobody sees.
    OffScreen,
}

impl Target {
    pub fn text(self) -> &'static str {
        match self {
            Target::OnScreen => "on-screen",
            Target::OffScreen => "off-screen",
        }
    }
}

/// The result of setting a window's swap interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwapIntervalReport {
    /// What the user asked for, in refreshes per frame.
    pub asked: Option<i32>,
    /// The interval in effect, according to the driver.
    pub accepted: Option<i32>,
    /// Why the request was refused.
    pub refusal: Option<String>,
    /// What the frame rate reveals.
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
