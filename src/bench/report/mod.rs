//! A benchmark's results: one set of structs, written as a table, JSON, CSV or HTML, and read back for comparison.

mod csv;
pub mod html;
mod marks;
mod svg;
mod table;

pub use self::csv::csv;
pub use marks::Mark;
pub use table::{figure, table};

use crate::canvas::{MeasuredSwapInterval, Target};
use crate::renderer::{Kind, Renderer};
use crate::report_file::{fault, shortened};
use crate::stage_name::StageName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name and version of the format. The version grows if a reader of the previous one would misread the new one. Added
/// fields alone don't change it.
pub const SCHEMA: &str = "rust-gears.bench/1";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// Program and version.
    pub program: String,
    /// When it started, in seconds since 1970, UTC.
    pub started: u64,
    /// How long it took in total.
    pub seconds: f64,
    /// The signal that ended it early.
    pub interrupted_by: Option<u8>,
    pub settings: Settings,
    pub environment: Environment,
    /// Warnings about the whole benchmark.
    pub marks: Vec<Mark>,
    /// The stages, in the order of the table.
    pub stages: Vec<Stage>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Rounds requested.
    pub rounds: u32,
    /// Seconds measured per round of a stage.
    pub round_seconds: f64,
    /// Gears per frame, if the user chose a number.
    pub gears: Option<u32>,
    /// Other GPUs were measured at the same time (`--all-devices`).
    pub at_once: bool,
    /// Its rounds took turns with those of other benchmarks (`--in-turns`).
    #[serde(default)]
    pub in_turns: bool,
    /// Share of the time, in percent, wasted deliberately to test the benchmark; otherwise 0.
    pub test_slow_down: f64,
}

/// The machine, its drivers, and how they were reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    #[serde(flatten)]
    pub renderer: Renderer,
    pub kind: Kind,
    /// Version of NVIDIA's kernel driver, if it is loaded.
    pub nvidia_driver: Option<String>,
    /// How the context was created: `GLX` or `EGL`.
    pub api: String,
    /// Name of the X server or the device.
    pub device: String,
    /// Name of the X display, if any stage is on-screen.
    pub display: Option<String>,
    pub swap_interval: Option<MeasuredSwapInterval>,
    /// What runs the container, if there is one.
    pub container: Option<String>,
    /// How the GPU got into the container.
    pub gpu_way: Option<String>,
    /// The GPU's link to the CPU, if the kernel reports it.
    pub pcie: Option<PcieLink>,
    pub cpu: String,
    /// Processors that the program may use.
    pub cpus: usize,
    /// Name and version of the kernel.
    pub kernel: String,
    /// Environment variables that choose or change an OpenGL driver.
    pub variables: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PcieLink {
    /// The device's PCI address.
    pub address: String,
    /// 10⁹ transfers per second per lane.
    pub gigatransfers: f64,
    pub lanes: u32,
    /// Maximum in each direction, in 10⁹ bytes per second.
    pub gigabytes_per_second: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    pub stage: StageName,
    pub target: Target,
    pub width: u32,
    pub height: u32,
    /// Samples per pixel; 0 means no multisampling.
    pub samples: u32,
    /// Gears per frame, or readbacks per frame.
    pub load: u32,
    /// Work done divided by time taken; for the stage present, milliseconds per frame.
    pub figure: f64,
    /// The unit of the figure: `FPS`, `GB/s`.
    pub unit: String,
    /// Whether larger figures are faster.
    pub more_is_better: bool,
    /// The figure put another way: `0.31 µs/draw`.
    pub also: Option<String>,
    /// 95 % confidence interval of the figure, if there are at least two rounds.
    pub interval: Option<(f64, f64)>,
    /// The figure of each round.
    pub rounds: Vec<f64>,
    /// Frames measured.
    pub frames: u64,
    /// Frames drawn and completed, including those for warming up and between the rounds. On-screen, each was
    /// presented.
    pub frames_drawn: u64,
    /// Total time of the measured frames, in seconds.
    pub seconds: f64,
    /// `None` for the stage present, which draws no frames.
    pub frame_time: Option<FrameTime>,
    /// Processor time of all threads per frame, in milliseconds.
    pub cpu_ms: Option<f64>,
    /// GPU time per frame in milliseconds, if the driver has timer queries.
    pub gpu_ms: Option<f64>,
    /// What the stage waits for.
    pub limited_by: Option<Limit>,
    /// For stages that measure the bus: share of the PCI Express link that the figure reaches, from 0 to 1.
    pub link_share: Option<f64>,
    /// Warnings about the figure.
    pub marks: Vec<Mark>,
    /// Histogram of frame times: upper end of each step in milliseconds, and the frames in it.
    /// [`crate::stats::start_of_step`] returns the lower end.
    pub histogram: Vec<(f64, u64)>,
    /// Frame times over the course of the benchmark.
    pub series: Vec<Point>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrameTime {
    /// Total time divided by frames.
    pub mean: f64,
    /// Half of the frames take at most this.
    pub p50: f64,
    /// 95 % of the frames take at most this.
    pub p95: f64,
    /// 99 % of the frames take at most this.
    pub p99: f64,
    /// 99.9 % of the frames take at most this; not known with fewer than 1,000 frames.
    pub p99_9: Option<f64>,
    /// FPS of the slowest 1 %: 1 / mean frame time of the frames that take at least p99.
    pub low_1_percent_fps: f64,
}

/// A few consecutive frames.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Number of the round, from 1; 0 in reports of older versions.
    #[serde(default)]
    pub round: u32,
    /// Seconds from the start of the benchmark to the end of the last of these frames.
    pub at: f64,
    /// Mean frame time in milliseconds.
    pub mean_ms: f64,
    /// Longest frame time in milliseconds.
    pub max_ms: f64,
}

/// What a stage waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// The program or the driver's work on the CPU; with software rendering also the drawing.
    Cpu,
    Gpu,
    /// Transfers between CPU and GPU.
    Bus,
    /// Presenting a frame costs more than drawing it.
    Presentation,
    /// The screen's refresh rate, which says nothing about speed.
    VerticalSync,
}

impl Limit {
    pub fn text(self) -> &'static str {
        match self {
            Limit::Cpu => "CPU/driver",
            Limit::Gpu => "GPU",
            Limit::Bus => "bus",
            Limit::Presentation => "presentation",
            Limit::VerticalSync => "vertical sync",
        }
    }
}

impl Stage {
    /// The stage's name, including where it draws.
    pub fn label(&self) -> String {
        label(self.stage, self.target)
    }

    /// The figure of each round as a speed (higher is faster).
    pub fn speeds(&self) -> Vec<f64> {
        self.rounds.iter().map(|figure| if self.more_is_better { *figure } else { 1.0 / figure }).collect()
    }
}

/// A stage's name, as people read it.
pub fn label(stage: StageName, target: Target) -> String {
    match (stage, target) {
        (StageName::Classic, Target::OnScreen) => "classic on-screen".into(),
        (StageName::Classic | StageName::Present, Target::Copied) => format!("{} copied", stage.text()),
        _ => stage.text().into(),
    }
}

/// The report as one line of JSON.
pub fn json(report: &Report) -> String {
    serde_json::to_string(report).expect("structs with string keys are JSON")
}

/// Identifies the format before the rest is parsed.
#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
}

/// Parses one or several consecutive JSON reports.
///
/// # Errors
/// Returns what is wrong with the text, in words for the user.
pub fn parse(text: &str) -> Result<Vec<Report>, String> {
    for head in serde_json::Deserializer::from_str(text).into_iter::<Head>() {
        match head {
            Ok(Head { schema: Some(schema) }) if schema == SCHEMA => {}
            Ok(Head { schema: Some(other) }) => {
                return Err(format!("its schema is {}, but this program reads {SCHEMA}", shortened(&other, 40)));
            }
            Ok(_) => return Err("it is JSON, but in another format".into()),
            Err(e) if e.is_data() => return Err("it is JSON, but in another format".into()),
            Err(e) => return Err(fault(&e)),
        }
    }
    let reports = serde_json::Deserializer::from_str(text).into_iter();
    let reports = reports.collect::<Result<Vec<Report>, _>>().map_err(|e| fault(&e))?;
    if reports.is_empty() { Err("it is empty".into()) } else { Ok(reports) }
}
