//! What the user can ask for, independent of how: the command line is one way, doctor's trials are another.
//!
//! Each struct's default means "as glxgears does by default". Nothing here knows OpenGL or windows.

mod device;
mod geometry;

pub use device::DeviceSelector;
pub(crate) use device::normal_pci_address;
pub use geometry::{Geometry, Offset};

use crate::scene::View;
use crate::stage_name::StageName;
use regex_lite::Regex;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// glxgears' window size in pixels.
pub const DEFAULT_SIZE: (u32, u32) = (300, 300);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a window of this X server.
    Window {
        /// The server's name as in `$DISPLAY`.
        display: String,
    },
    /// Into a framebuffer of an EGL device.
    OffScreen {
        /// `None`: the first device that draws.
        device: Option<DeviceSelector>,
        /// Nobody asked for off-screen drawing, but there is no display.
        for_want_of_display: bool,
    },
}

impl Place {
    /// A window, if there is a display and nothing asks for off-screen drawing. As in Xlib, an empty `display` counts
    /// as none.
    pub fn new(display: Option<String>, off_screen: bool, device: Option<DeviceSelector>) -> Place {
        match display.filter(|name| !name.is_empty()) {
            Some(display) if !off_screen => Place::Window { display },
            _ => Place::OffScreen { device, for_want_of_display: !off_screen },
        }
    }
}

impl Default for Place {
    fn default() -> Place {
        Place::OffScreen { device: None, for_want_of_display: false }
    }
}

/// Whose OpenGL implementation to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum GlVendor {
    /// The X server's choice, or NVIDIA's if that would draw in software beside an NVIDIA driver.
    #[default]
    Auto,
    Nvidia,
    Mesa,
}

/// Which of OpenGL's two families to draw with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum GlApi {
    /// OpenGL, or OpenGL ES if there is no OpenGL that is new enough.
    #[default]
    Auto,
    Gl,
    Gles,
}

/// How frames reach the X server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Present {
    /// Whatever is faster there.
    #[default]
    Auto,
    /// OpenGL draws into the window and swaps its buffers.
    Swap,
    /// The same, or a copy if that is impossible. No option sets it: the benchmark measures both.
    #[value(skip)]
    SwapOrCopy,
    /// Frames are drawn off-screen, and copied into the window.
    Copy,
}

/// The interface that connects OpenGL to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowApi {
    Glx,
    Egl,
}

impl WindowApi {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            WindowApi::Glx => "GLX",
            WindowApi::Egl => "EGL",
        }
    }
}

/// What to draw on: a window or a device, and its properties.
#[derive(Debug, Clone, Default)]
pub struct Canvas {
    pub place: Place,
    pub geometry: Geometry,
    pub fullscreen: bool,
    /// At least this many samples per pixel; 0 means no multisampling.
    pub samples: u8,
    /// Draw two pictures, one for each eye.
    pub stereo: bool,
    pub srgb: bool,
    /// Vertical refreshes per frame; `None`: the driver's choice.
    pub swap_interval: Option<i32>,
    pub gl_vendor: GlVendor,
    pub gl_api: GlApi,
    pub present: Present,
    /// The only API that may be used; `None`: GLX, then EGL. No option sets it: doctor tries each alone.
    pub window_api: Option<WindowApi>,
}

impl Canvas {
    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.geometry.size.unwrap_or(DEFAULT_SIZE)
    }
}

/// A run of the gears.
#[derive(Debug, Clone)]
pub struct Gears {
    pub canvas: Canvas,
    /// Print the GL strings and the visual.
    pub info: bool,
    /// Stop after this many frames.
    pub frames: Option<u64>,
    /// Stop after this time.
    pub duration: Option<Duration>,
    /// Time between two FPS lines.
    pub interval: Duration,
    pub json: bool,
    /// Hold the red gear at this angle, in degrees.
    pub angle: Option<f64>,
    /// How the scene is turned at the start.
    pub view: View,
    /// The PNG file for the last frame.
    pub screenshot: Option<PathBuf>,
    /// Refuse to draw in software.
    pub require_hardware: bool,
    /// Refuse a renderer whose name doesn't match.
    pub expect_renderer: Option<Regex>,
}

#[derive(Debug, Clone)]
pub struct Bench {
    pub canvas: Canvas,
    /// The stages to measure; empty: all.
    pub stages: Vec<StageName>,
    /// Time measured in one round of one stage.
    pub slice: Duration,
    /// How long a stage may warm up.
    pub warm_up: Duration,
    pub rounds: u32,
    /// Gears per frame; `None`: each stage finds its own number.
    pub gears: Option<u32>,
    /// Each GPU alone, then all at once.
    pub all_devices: bool,
    /// Other devices are measured at the same time.
    pub at_once: bool,
    /// Each round waits for a line on standard input.
    pub in_turns: bool,
    /// Benchmarks to take turns with and to compare; empty: none.
    pub against: Vec<Against>,
    /// The folder where their reports are kept.
    pub keep: Option<PathBuf>,
    pub judging: Judging,
    /// The report's files; [`STANDARD_OUTPUT`] stands for standard output.
    pub json: Option<PathBuf>,
    pub csv: Option<PathBuf>,
    pub html: Option<PathBuf>,
    pub markdown: bool,
    /// Share of the time, in percent, to waste deliberately.
    pub test_slow_down: f64,
    /// A stage whose frames are deliberately left black.
    pub test_draw_nothing: Option<StageName>,
}

/// A benchmark that takes turns with this process's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Against {
    /// A plain file name, without its extension.
    pub name: String,
    pub program: OsString,
    pub arguments: Vec<OsString>,
}

/// A comparison of reports that `bench --json` wrote.
#[derive(Debug, Clone)]
pub struct Compare {
    /// The reference report, then the reports to compare with it; at least two.
    pub files: Vec<PathBuf>,
    pub judging: Judging,
    pub markdown: bool,
}

/// What doctor should do.
#[derive(Debug, Clone)]
pub enum Doctor {
    Examine {
        json: bool,
    },
    /// Explain a report that was written elsewhere.
    Explain {
        report: PathBuf,
        json: bool,
    },
    /// Print the catalogue.
    List {
        json: bool,
    },
    /// Run one trial, as doctor's child process.
    Trial(String),
}

/// The name of this process's side, with which the others are compared.
pub const HOST: &str = "host";

/// The file name that means standard output.
pub const STANDARD_OUTPUT: &str = "-";

/// By default, speeds that differ by at most this fraction are the same.
pub const SAME_WITHIN: f64 = 0.03;

/// How the ratio of two speeds is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judging {
    /// Speeds that differ by at most this fraction are the same.
    pub same_within: f64,
    /// A gate: a stage that is slower must have at least this ratio, and every stage a result.
    pub fail_below: Option<f64>,
}

impl Default for Judging {
    fn default() -> Self {
        Judging { same_within: SAME_WITHIN, fail_below: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_display_the_gears_go_off_screen() {
        for display in [None, Some(String::new())] {
            let place = Place::new(display, false, None);
            assert_eq!(place, Place::OffScreen { device: None, for_want_of_display: true });
        }
        assert_eq!(Place::new(Some(":0".into()), false, None), Place::Window { display: ":0".into() });
        assert_eq!(
            Place::new(Some(":0".into()), true, None),
            Place::OffScreen { device: None, for_want_of_display: false }
        );
    }
}
