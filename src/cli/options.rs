//! What the command line means.

use super::{Args, Geometry};
use crate::scene::View;
use regex_lite::Regex;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// glxgears' window size.
const DEFAULT_SIZE: (u32, u32) = (300, 300);

/// Where to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a window of this X server.
    Window {
        /// The server's name as in `$DISPLAY`.
        display: String,
    },
    /// Into a framebuffer of an EGL device.
    OffScreen {
        /// The device, where one was asked for.
        device: Option<DeviceSelector>,
        /// Nobody asked to draw off-screen; DISPLAY was not set.
        for_want_of_display: bool,
    },
}

/// Whose OpenGL implementation to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum GlVendor {
    /// The X server's choice, or NVIDIA's where that would draw in software beside an NVIDIA driver.
    Auto,
    /// NVIDIA's.
    Nvidia,
    /// Mesa's.
    Mesa,
}

/// One device of several, however it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceSelector {
    /// Place in EGL's own order, from 0.
    Index(usize),
    /// PCI address, `0000:01:00.0`, in lower case and with its domain.
    Pci(String),
    /// Path of a DRM node, `/dev/dri/renderD128`.
    Node(PathBuf),
    /// UUID, 32 lower-case hexadecimal digits.
    Uuid(String),
}

impl FromStr for DeviceSelector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(index) = text.parse() {
            return Ok(DeviceSelector::Index(index));
        }
        if text.starts_with('/') {
            return Ok(DeviceSelector::Node(text.into()));
        }
        let lower = text.to_ascii_lowercase();
        let digits: String = lower.strip_prefix("gpu-").unwrap_or(&lower).chars().filter(|c| *c != '-').collect();
        if digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(DeviceSelector::Uuid(digits));
        }
        normal_pci_address(&lower).map(DeviceSelector::Pci).ok_or_else(|| {
            format!(
                "'{text}' names no device; write an index of --list-devices, a PCI address (0000:01:00.0), \
                 a render node (/dev/dri/renderD128) or a UUID (GPU-…)"
            )
        })
    }
}

/// A PCI address in sysfs' form, `dddd:bb:dd.f`, from any of the forms in use: without its domain (lspci) or with a
/// domain of eight digits (nvidia-smi). `lower` is in lower case already.
pub(crate) fn normal_pci_address(lower: &str) -> Option<String> {
    let (rest, function) = lower.rsplit_once('.')?;
    let mut parts = rest.rsplit(':');
    let (device, bus, domain) = (parts.next()?, parts.next()?, parts.next().unwrap_or("0"));
    if parts.next().is_some() {
        return None;
    }
    let hex = |digits: &str, max: u32| u32::from_str_radix(digits, 16).ok().filter(|n| *n <= max);
    Some(format!(
        "{:04x}:{:02x}:{:02x}.{:x}",
        hex(domain, u32::MAX)?,
        hex(bus, 0xff)?,
        hex(device, 0x1f)?,
        hex(function, 7)?
    ))
}

/// What to do, checked for sense.
#[derive(Debug, Clone)]
pub struct Options {
    /// List the devices and do nothing else.
    pub list_devices: bool,
    /// Where to draw.
    pub place: Place,
    /// Width and height of the picture, in pixels.
    pub size: (u32, u32),
    /// The window's size and place as typed.
    pub geometry: Geometry,
    /// Fill the screen.
    pub fullscreen: bool,
    /// Samples a pixel asked for; 0: no multisampling.
    pub samples: u8,
    /// Draw two pictures, one an eye.
    pub stereo: bool,
    /// Write sRGB.
    pub srgb: bool,
    /// Refreshes a frame asked for.
    pub swap_interval: Option<i32>,
    /// Print the GL strings and the visual.
    pub info: bool,
    /// Stop after so many frames.
    pub frames: Option<u64>,
    /// Stop after so long.
    pub duration: Option<Duration>,
    /// Time between two FPS lines.
    pub interval: Duration,
    /// Print JSON instead of text.
    pub json: bool,
    /// Hold the red gear at this angle, in degrees.
    pub angle: Option<f64>,
    /// How the scene is turned at the start.
    pub view: View,
    /// Where the last frame is written.
    pub screenshot: Option<PathBuf>,
    /// The only way to a window's context that may be taken, `GLX` or `EGL`; `None`: GLX, and EGL where that fails.
    /// No option sets it: doctor tries each way by itself.
    pub window_api: Option<&'static str>,
    /// Whose OpenGL.
    pub gl_vendor: GlVendor,
    /// Refuse to draw in software.
    pub require_hardware: bool,
    /// Refuse a renderer with another name.
    pub expect_renderer: Option<Regex>,
}

impl Options {
    /// What `args` mean where `$DISPLAY` holds `env_display`. An empty DISPLAY counts as none, as in Xlib.
    ///
    /// # Errors
    /// Where options contradict each other: the reason and the way out, for the user to read.
    pub fn new(args: Args, env_display: Option<String>) -> Result<Options, String> {
        let display = args.display.or(env_display).filter(|d| !d.is_empty());
        let place = match display {
            Some(display) if !args.off_screen => {
                if args.device.is_some() {
                    return Err("--device chooses a device for off-screen drawing, but a window's GPU is its X \
                                server's choice; add --off-screen, or leave --device out"
                        .into());
                }
                Place::Window { display }
            }
            _ => Place::OffScreen { device: args.device, for_want_of_display: !args.off_screen },
        };
        let geometry = args.geometry.unwrap_or_default();
        Ok(Options {
            list_devices: args.list_devices,
            place,
            size: geometry.size.unwrap_or(DEFAULT_SIZE),
            geometry,
            fullscreen: args.fullscreen,
            samples: args.samples,
            stereo: args.stereo,
            srgb: args.srgb,
            swap_interval: args.swap_interval,
            info: args.info,
            frames: args.frames,
            duration: args.duration,
            interval: args.interval,
            json: args.json,
            angle: args.angle,
            view: args.view.map_or_else(View::default, |[x, y, z]| View { x, y, z }),
            screenshot: args.screenshot,
            window_api: None,
            gl_vendor: args.gl_vendor,
            require_hardware: args.require_hardware,
            expect_renderer: args.expect_renderer,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn options(words: &[&str], display: Option<&str>) -> Result<Options, String> {
        let args = Args::try_parse_from(std::iter::once(&"rust-gears").chain(words)).map_err(|e| e.to_string())?;
        Options::new(args, display.map(Into::into))
    }

    #[test]
    fn without_a_display_the_gears_go_off_screen() {
        for display in [None, Some("")] {
            let place = options(&[], display).unwrap().place;
            assert_eq!(place, Place::OffScreen { device: None, for_want_of_display: true });
        }
        assert_eq!(options(&[], Some(":0")).unwrap().place, Place::Window { display: ":0".into() });
        assert_eq!(
            options(&["--display", ":1"], Some(":0")).unwrap().place,
            Place::Window { display: ":1".into() }
        );
        assert_eq!(
            options(&["--off-screen"], Some(":0")).unwrap().place,
            Place::OffScreen { device: None, for_want_of_display: false }
        );
    }

    #[test]
    fn a_device_without_off_screen_drawing_is_refused() {
        assert!(options(&["--device", "0"], Some(":0")).unwrap_err().contains("--off-screen"));
        assert!(options(&["--device", "0"], None).is_ok());
    }

    #[test]
    fn devices_by_every_name() {
        let parse = |text: &str| text.parse::<DeviceSelector>();
        assert_eq!(parse("2"), Ok(DeviceSelector::Index(2)));
        assert_eq!(parse("/dev/dri/renderD128"), Ok(DeviceSelector::Node("/dev/dri/renderD128".into())));
        for pci in ["01:00.0", "0000:01:00.0", "00000000:01:00.0"] {
            assert_eq!(parse(pci), Ok(DeviceSelector::Pci("0000:01:00.0".into())));
        }
        assert_eq!(parse("0000:C1:1F.7"), Ok(DeviceSelector::Pci("0000:c1:1f.7".into())));
        let uuid = "1234abcd00112233445566778899aabb";
        assert_eq!(parse("GPU-1234ABCD-0011-2233-4455-66778899aabb"), Ok(DeviceSelector::Uuid(uuid.into())));
        for bad in ["", "-1", "gpu", "01:00", "01:00.9", "100:00.0", "1:2:3:4.5", "GPU-12"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
