//! `rust-gears bench`: its options, and what they mean.

use super::compare::{parse_fraction, parse_ratio};
use super::{AGAINST, parse_time, whole_number};
use crate::request::{
    Against, Bench, Canvas, DeviceSelector, Geometry, GlApi, GlVendor, HOST, Judging, Place, Present, SAME_WITHIN,
    STANDARD_OUTPUT,
};
use crate::stage_name::StageName;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

const DEFINITIONS: &str = "\
Figures, each from the frame times of all rounds:
  figure     work done divided by time taken; never a mean of rates
  interval   95 % confidence interval of the figure: Student's t on the logarithms of the rounds' rates
  p50 … p99.9  frame time that this share of the frames doesn't exceed (nearest rank); p99.9 from 1,000 frames on
  1 % low    1 / mean frame time of the frames that take at least p99
  CPU        processor time of all threads per frame
  GPU        time between the GPU's first and last work for a frame (timer queries), on a sample of the frames
  frame      from the end of the previous frame to its own end; off-screen, frames faster than 0.25 ms end in groups
             with one fence, and each counts as its group's mean

Exit codes: see rust-gears --help. After Ctrl-C or SIGTERM, what was measured so far is still written.";

/// Measures where a frame's time goes, stage by stage, and how certain each figure is.
///
/// Every stage finds its own load, warms up, and takes turns with the others in several rounds.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = DEFINITIONS)]
pub struct BenchArgs {
    /// Measure only these stages (repeat the option, or separate them with commas)
    #[arg(long, value_name = "STAGE", value_enum, value_delimiter = ',')]
    stage: Vec<StageName>,

    /// Time measured per stage, all rounds together [default: 8s]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    duration: Option<Duration>,

    /// Rounds that the time is divided into [default: 10]
    #[arg(long, value_name = "N", value_parser = whole_number(1u32..=1000))]
    rounds: Option<u32>,

    /// A first impression in less than 20 seconds: 5 rounds, 1 second per stage
    #[arg(long)]
    quick: bool,

    /// Size of every stage's picture, and position of the window
    /// [default: 300x300; 1920x1080 for fill and readback]
    #[arg(long, value_name = "WxH+X+Y")]
    geometry: Option<Geometry>,

    /// Use multisampling with at least N samples per pixel
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole_number(0u8..=64))]
    samples: u8,

    /// Draw N gears per frame in submit, upload, vertex and fill; by default, each stage chooses its own number
    #[arg(long, value_name = "N", value_parser = whole_number(1u32..=1_000_000))]
    gears: Option<u32>,

    /// X server to draw on, instead of $DISPLAY
    #[arg(long, value_name = "D")]
    display: Option<String>,

    /// Measure off-screen only, on an EGL device
    #[arg(long, conflicts_with = "display")]
    off_screen: bool,

    /// Measure off-screen on this device: index of --list-devices, PCI address, render node or UUID
    #[arg(long, value_name = "SEL", conflicts_with = "display")]
    device: Option<DeviceSelector>,

    /// Measure each GPU in turn, then all at once
    #[arg(long, conflicts_with_all = ["device", "display", "html", "csv"])]
    all_devices: bool,

    /// Take turns, round by round, with the benchmark that COMMAND starts, and compare the two. Everything that
    /// follows belongs to COMMAND, up to a further --against. COMMAND must end like a rust-gears bench command,
    /// because --in-turns --json - is appended to it
    #[arg(long, value_names = ["NAME", "COMMAND"], num_args = 2.., allow_hyphen_values = true)]
    #[arg(conflicts_with_all = ["all_devices", "in_turns", "json", "csv", "html"])]
    against: Vec<OsString>,

    /// With --against: save host.json (this side's report) and NAME.json there
    #[arg(long, value_name = "FOLDER", requires = "against")]
    keep: Option<PathBuf>,

    /// With --against: exit with status 4 if a stage of NAME is slower with a ratio below this, or if that isn't known
    #[arg(long, value_name = "RATIO", value_parser = parse_ratio, requires = "against")]
    fail_below: Option<f64>,

    /// With --against: call two speeds the same if they certainly differ by no more than this fraction [default: 0.03]
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction, requires = "against")]
    same_within: Option<f64>,

    /// Before each round, print which one it is and wait for a line on standard input (--against starts its sides
    /// like this)
    #[arg(long, conflicts_with = "all_devices")]
    in_turns: bool,

    /// Whose OpenGL to use; auto: NVIDIA's if its driver is there and nothing else draws in hardware
    #[arg(long, value_name = "VENDOR", value_enum, default_value_t = GlVendor::Auto)]
    gl_vendor: GlVendor,

    /// OpenGL (gl) or OpenGL ES (gles); auto: OpenGL, or OpenGL ES if there is no OpenGL 2.1
    #[arg(long, value_name = "API", value_enum, default_value_t = GlApi::Auto, hide_possible_values = true)]
    gl_api: GlApi,

    /// Write everything measured as JSON; - means standard output, instead of the table
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write one line per stage as CSV; - means standard output, instead of the table
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,

    /// Write a self-contained HTML page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Print the table as Markdown
    #[arg(long)]
    markdown: bool,

    /// For tests only: pause for P % of the time, every 20 ms, to create a slowdown
    #[arg(long, value_name = "P", hide = true, default_value_t = 0.0, value_parser = parse_percent)]
    test_slow_down: f64,

    /// For --all-devices: other devices are measured at the same time
    #[arg(long, hide = true)]
    at_once: bool,

    /// For tests only: draw nothing in this stage
    #[arg(long, value_name = "STAGE", hide = true, value_enum)]
    test_draw_nothing: Option<StageName>,
}

fn parse_percent(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|share| (0.0..1000.0).contains(share))
        .ok_or_else(|| "not a percentage from 0 to 1000".into())
}

/// The sides named by the words after the first `--against`.
fn others(words: &[OsString]) -> Result<Vec<Against>, String> {
    let mut others: Vec<Against> = Vec::new();
    for side in words.split(|word| word == AGAINST).filter(|_| !words.is_empty()) {
        let [name, program, arguments @ ..] = side else {
            return Err(
                "--against needs a name and a command, as in: --against container scripts/run -- bench".into()
            );
        };
        let name = name.to_string_lossy().into_owned();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || name.starts_with(['.', '-']) || !name.chars().all(is_plain) {
            return Err(format!(
                "--against {name}: not a valid name for a report; use letters and digits, and within the name also . _ -"
            ));
        }
        if name == HOST || others.iter().any(|other| other.name == name) {
            return Err(format!(
                "--against {name}: another side already has this name ({HOST} is this one); choose another"
            ));
        }
        others.push(Against { name, program: program.clone(), arguments: arguments.to_vec() });
    }
    Ok(others)
}

impl BenchArgs {
    pub(super) fn request(self, env_display: Option<String>) -> Result<Bench, String> {
        let args = self;
        let to_stdout = [&args.json, &args.csv, &args.html]
            .into_iter()
            .flatten()
            .filter(|path| path.as_os_str() == STANDARD_OUTPUT)
            .count();
        if to_stdout > 1 || (to_stdout == 1 && args.markdown) {
            return Err("only one of --json, --csv, --html and --markdown can go to standard output".into());
        }
        let (rounds, total, warm_up) = match args.quick {
            true => (5, Duration::from_secs(1), Duration::from_millis(500)),
            false => (10, Duration::from_secs(8), Duration::from_secs(2)),
        };
        let rounds = args.rounds.unwrap_or(rounds);
        let total = args.duration.unwrap_or(total);
        let is_off_screen = args.off_screen || args.device.is_some();
        let place = Place::new(args.display.or(env_display), is_off_screen, args.device);
        if args.stage.contains(&StageName::Present) && matches!(place, Place::OffScreen { .. }) {
            return Err("--stage present measures the cost of presenting a frame, which needs a display; set \
                        DISPLAY, and remove --off-screen and --device"
                .into());
        }
        Ok(Bench {
            canvas: Canvas {
                place,
                geometry: args.geometry.unwrap_or_default(),
                samples: args.samples,
                // Free-running, like common glxgears benchmarks.
                swap_interval: Some(0),
                gl_vendor: args.gl_vendor,
                gl_api: args.gl_api,
                // A window that can swap can be copied into, too.
                present: Present::SwapOrCopy,
                ..Canvas::default()
            },
            stages: args.stage,
            slice: total / rounds,
            warm_up: warm_up.min(total),
            rounds,
            gears: args.gears,
            all_devices: args.all_devices,
            at_once: args.at_once,
            in_turns: args.in_turns,
            against: others(&args.against)?,
            keep: args.keep,
            judging: Judging { same_within: args.same_within.unwrap_or(SAME_WITHIN), fail_below: args.fail_below },
            json: args.json,
            csv: args.csv,
            html: args.html,
            markdown: args.markdown,
            test_slow_down: args.test_slow_down,
            test_draw_nothing: args.test_draw_nothing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(words: &[&str]) -> Result<Vec<Against>, String> {
        others(&words.iter().map(Into::into).collect::<Vec<_>>())
    }

    #[test]
    fn each_against_is_a_side() {
        let side = |name: &str, program: &str, arguments: &[&str]| Against {
            name: name.into(),
            program: program.into(),
            arguments: arguments.iter().map(Into::into).collect(),
        };
        assert_eq!(sides(&[]), Ok(vec![]));
        assert_eq!(
            sides(&["a", "scripts/run", "--", "bench", "--against", "b", "bench"]),
            Ok(vec![side("a", "scripts/run", &["--", "bench"]), side("b", "bench", &[])])
        );
    }

    #[test]
    fn a_side_has_a_command_and_a_name_of_its_own() {
        for words in [
            &["a"][..],
            &["a", "b", "--against", "c"],
            &["a", "b", "--against"],
            &["host", "b"],
            &["a", "b", "--against", "a", "c"],
            &["../a", "b"],
            &["--json", "b"],
            &["", "b"],
        ] {
            assert!(sides(words).is_err(), "{words:?}");
        }
    }
}
