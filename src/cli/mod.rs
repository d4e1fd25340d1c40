//! The command line: from what was typed ([`Args`]) to what the program does ([`Mode`]).

mod bench;
mod compare;
mod doctor;
mod glxgears;
mod parse;

pub use bench::BenchArgs;
pub use compare::CompareArgs;
pub use doctor::DoctorArgs;
pub use parse::parse;

use crate::request::{self, Canvas, DeviceSelector, Geometry, GlApi, GlVendor, Place, Present};
use crate::scene::View;
use clap::{Parser, Subcommand};
use glxgears::accept_single_dash;
use parse::whole_number;
use regex_lite::Regex;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The option of bench that another program's command line follows.
const AGAINST: &str = "--against";

/// Whether the words after `word` aren't this program's options.
fn ends_options(word: &OsString) -> bool {
    word == "--" || word == AGAINST
}

const EXIT_CODES: &str = "\
Keys in the window: arrows turn the scene, a pauses, Esc quits.

Exit codes:
  0    everything went well; this includes Esc, a closed window and a closed pipe
  1    another failure, such as an X server that died
  2    the command line isn't valid
  3    nothing to draw on: no display, no OpenGL driver, no device or configuration of the kind you asked for
  4    a requirement wasn't met (--require-hardware, --expect-renderer, --fail-below); doctor: no GPU draws
  5    output couldn't be written
  128+ ended by that signal: 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP";

/// Turns gears with OpenGL: a glxgears that says which GPU drew, and whether one drew at all. Opens a window on
/// $DISPLAY, or draws off-screen if DISPLAY isn't set. Also accepts glxgears' options with a single dash.
#[derive(Debug, Clone, Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 110, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do instead of turning gears
    #[command(subcommand)]
    pub command: Option<Command>,

    /// X server to draw on, instead of $DISPLAY
    #[arg(long, value_name = "D", help_heading = "As in glxgears")]
    display: Option<String>,

    /// Size and position of the window in X notation: 640x480+10-20 (negative: from the right or bottom edge)
    #[arg(long, value_name = "WxH+X+Y", help_heading = "As in glxgears")]
    geometry: Option<Geometry>,

    /// Fill the screen
    #[arg(long, help_heading = "As in glxgears")]
    fullscreen: bool,

    /// Use multisampling with at least N samples per pixel
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole_number(0u8..=64),
          hide_default_value = true, help_heading = "As in glxgears")]
    samples: u8,

    /// Draw a left and a right picture; off-screen, --screenshot shows them side by side
    #[arg(long, help_heading = "As in glxgears")]
    stereo: bool,

    /// Use an sRGB framebuffer, which encodes linear light
    #[arg(long, help_heading = "As in glxgears")]
    srgb: bool,

    /// Wait for N vertical refreshes per frame; 0: don't wait; negative: tear if late [default: the driver's choice]
    #[arg(long, alias = "swapinterval", value_name = "N", help_heading = "As in glxgears",
          value_parser = whole_number(-1000i32..=1000))]
    swap_interval: Option<i32>,

    /// Print the GL strings and, on standard error, whether the swap interval was accepted
    #[arg(long, help_heading = "As in glxgears")]
    info: bool,

    /// Draw into a framebuffer on an EGL device, without an X server
    #[arg(long, conflicts_with_all = ["display", "fullscreen", "swap_interval"])]
    off_screen: bool,

    /// Stop after N frames
    #[arg(long, value_name = "N", value_parser = whole_number(1..=u64::MAX))]
    frames: Option<u64>,

    /// Stop after this time: 10s, 500ms, 2m; a bare number is seconds
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    duration: Option<Duration>,

    /// Time between two FPS lines
    #[arg(long, value_name = "TIME", value_parser = parse_time, default_value = "5s")]
    interval: Duration,

    /// Print one JSON object per line instead of text: every interval, then the summary
    #[arg(long)]
    json: bool,

    /// Hold the red gear at this angle, in degrees
    #[arg(long, value_name = "DEG", value_parser = parse_finite)]
    angle: Option<f64>,

    /// Turn the scene: degrees about x, y and z [default: 20,30,0]
    #[arg(long, value_name = "RX,RY,RZ", value_parser = parse_view)]
    view: Option<[f32; 3]>,

    /// Write the last frame to this PNG file
    #[arg(long, value_name = "FILE.png")]
    screenshot: Option<PathBuf>,

    /// List the devices that off-screen drawing can use, in EGL's own order, and exit
    #[arg(long)]
    list_devices: bool,

    /// Device for off-screen drawing: index from --list-devices, PCI address, render node or UUID
    #[arg(long, value_name = "SEL")]
    device: Option<DeviceSelector>,

    /// Whose OpenGL to use: auto, nvidia or mesa. auto is the X server's choice, or NVIDIA's if the X server's choice
    /// would draw in software although an NVIDIA driver is there
    #[arg(long, value_name = "VENDOR", value_enum, default_value_t = GlVendor::Auto, hide_possible_values = true)]
    gl_vendor: GlVendor,

    /// OpenGL (gl) or OpenGL ES (gles); auto: OpenGL, or OpenGL ES if there is no OpenGL 2.1
    #[arg(long, value_name = "API", value_enum, default_value_t = GlApi::Auto, hide_possible_values = true)]
    gl_api: GlApi,

    /// How frames reach the X server: swap (OpenGL draws into the window), copy (frames are drawn off-screen and copied
    /// into the window), or auto: copy if the X server isn't the GPU's own (Xvfb, VNC, ssh -X), where that is faster
    #[arg(long, value_name = "WAY", value_enum, default_value_t = Present::Auto, hide_possible_values = true,
          conflicts_with = "off_screen")]
    present: Present,

    /// Exit with status 4 if no GPU draws
    #[arg(long)]
    require_hardware: bool,

    /// Exit with status 4 if the renderer's name doesn't match
    #[arg(long, value_name = "REGEX", value_parser = Regex::new)]
    expect_renderer: Option<Regex>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Measure where a frame's time goes, stage by stage
    Bench(Box<BenchArgs>),
    /// Compare reports of bench
    Compare(CompareArgs),
    /// Say what stands between this container and the GPU, and which flag fixes it
    Doctor(DoctorArgs),
}

#[derive(Debug, Clone)]
pub enum Mode {
    Gears(request::Gears),
    ListDevices { json: bool },
    Bench(request::Bench),
    Compare(request::Compare),
    Doctor(request::Doctor),
}

impl Mode {
    /// What `args` mean if `$DISPLAY` holds `env_display`.
    ///
    /// # Errors
    /// If options contradict each other, returns the reason and the way out, for the user.
    pub fn new(args: Args, env_display: Option<String>) -> Result<Mode, String> {
        Ok(match args.command {
            Some(Command::Bench(args)) => Mode::Bench(args.request(env_display)?),
            Some(Command::Compare(args)) => Mode::Compare(args.request()),
            Some(Command::Doctor(args)) => Mode::Doctor(args.request()),
            None if args.list_devices => Mode::ListDevices { json: args.json },
            None => Mode::Gears(args.gears(env_display)?),
        })
    }

    /// What to draw on, if anything is drawn.
    pub fn canvas(&self) -> Option<&Canvas> {
        match self {
            Mode::Gears(gears) => Some(&gears.canvas),
            Mode::Bench(bench) => Some(&bench.canvas),
            Mode::ListDevices { .. } | Mode::Compare(_) | Mode::Doctor(_) => None,
        }
    }
}

impl Args {
    fn gears(self, env_display: Option<String>) -> Result<request::Gears, String> {
        let place = Place::new(self.display.or(env_display), self.off_screen, self.device.clone());
        if self.device.is_some() && matches!(place, Place::Window { .. }) {
            return Err("--device chooses a device for off-screen drawing, but a window's GPU is its X server's \
                        choice; add --off-screen, or remove --device"
                .into());
        }
        Ok(request::Gears {
            canvas: Canvas {
                place,
                geometry: self.geometry.unwrap_or_default(),
                fullscreen: self.fullscreen,
                samples: self.samples,
                stereo: self.stereo,
                srgb: self.srgb,
                swap_interval: self.swap_interval,
                gl_vendor: self.gl_vendor,
                gl_api: self.gl_api,
                present: self.present,
                window_api: None,
            },
            info: self.info,
            frames: self.frames,
            duration: self.duration,
            interval: self.interval,
            json: self.json,
            angle: self.angle,
            view: self.view.map_or_else(View::default, |[x, y, z]| View { x, y, z }),
            screenshot: self.screenshot,
            require_hardware: self.require_hardware,
            expect_renderer: self.expect_renderer,
        })
    }
}

/// Parses a time such as `10s` or `500ms`; a bare number is seconds. Never returns zero.
fn parse_time(text: &str) -> Result<Duration, String> {
    let amount = text.strip_prefix('-').unwrap_or(text);
    let time = match amount.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(amount).ok(),
    };
    match time {
        None => Err("not a time; use for example 10s, 500ms or 2m".into()),
        Some(time) if time.is_zero() || amount != text => Err("must be longer than zero".into()),
        Some(time) => Ok(time),
    }
}

fn parse_finite(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("not a number of degrees".into()),
    }
}

fn parse_view(text: &str) -> Result<[f32; 3], String> {
    let numbers: Vec<f32> = text
        .split(',')
        .map(|part| parse_finite(part.trim()).map(|n| (n % 360.0) as f32))
        .collect::<Result<_, _>>()?;
    numbers.try_into().map_err(|_| "three numbers are needed, as in 20,30,0".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use proptest::prelude::*;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_device_without_off_screen_drawing_is_refused() {
        let mode = |display: Option<&str>| {
            Mode::new(Args::parse_from(["rust-gears", "--device", "0"]), display.map(Into::into))
        };
        assert!(mode(Some(":0")).unwrap_err().contains("--off-screen"));
        assert!(mode(None).is_ok());
    }

    #[test]
    fn the_display_on_the_command_line_beats_the_environments() {
        let mode = Mode::new(Args::parse_from(["rust-gears", "--display", ":1"]), Some(":0".into())).unwrap();
        assert_eq!(mode.canvas().unwrap().place, Place::Window { display: ":1".into() });
    }

    #[test]
    fn times() {
        assert_eq!(parse_time("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse_time("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_time("500ms"), Ok(Duration::from_millis(500)));
        for bad in ["", "0", "-1", "nan", "inf", "1e300", "ten", "10 parsecs"] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn views() {
        assert_eq!(parse_view("20,30,0"), Ok([20.0, 30.0, 0.0]));
        assert_eq!(parse_view("-20, 390,0.5"), Ok([-20.0, 30.0, 0.5]));
        for bad in ["", "1,2", "1,2,3,4", "a,b,c", "inf,0,0"] {
            assert!(parse_view(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_command_line_panics(words in prop::collection::vec("(-{0,2}[a-z-]{0,12}|[0-9x+,=:.-]{0,12}|\\PC{0,8})", 0..8)) {
            if let Ok(args) = parse(std::iter::once("rust-gears".to_owned()).chain(words).map(Into::into)) {
                let _ = Mode::new(args, None);
            }
        }
    }
}
