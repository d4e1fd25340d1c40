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
    /// How frames reach the X server: `swap` or `copy`; `None`: they aren't shown.
    pub present: Option<&'static str>,
}

/// Whether frames are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    OnScreen,
    /// Into a framebuffer that nobody sees.
    OffScreen,
    /// Into a framebuffer whose pictures are copied into a window. (Only the benchmark makes this distinction, because it
    /// measures both in one window.)
    Copied,
}

impl Target {
    pub fn text(self) -> &'static str {
        match self {
            Target::OnScreen => "on-screen",
            Target::OffScreen => "off-screen",
            Target::Copied => "copied",
        }
    }
}
