//! What a benchmark tells: one set of structs, written as a table, JSON, CSV or a page, and read back to be compared.

mod csv;
pub mod html;
mod marks;
mod svg;
mod table;

pub use self::csv::csv;
pub use marks::Mark;
pub use table::{Style, figure, render, table};

use crate::canvas::{SwapIntervalReport, Target};
use crate::renderer::{Kind, Renderer};
use crate::report_file::{fault, shortened};
use crate::stage_name::StageName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the format, and its version: a larger number where a reader of the one before would go wrong. New
/// fields alone do not change it.
pub const SCHEMA: &str = "rust-gears.bench/1";

/// A whole benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// Program and version.
    pub program: String,
    /// When it began, in seconds since 1970, UTC.
    pub started: u64,
    /// How long it took, all in all.
    pub seconds: f64,
    /// The signal that cut it short.
    pub interrupted_by: Option<u8>,
    /// What was measured with.
    pub settings: Settings,
    /// Where it was measured.
    pub environment: Environment,
    /// What is wrong with all of it.
    pub marks: Vec<Mark>,
    /// The stages, in the order of the table.
    pub stages: Vec<Stage>,
}

/// What was measured with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Rounds asked for.
    pub rounds: u32,
    /// Seconds measured in a round of a stage.
    pub round_seconds: f64,
    /// Gears a frame, where they were given.
    pub gears: Option<u32>,
    /// Other GPUs were measured at the same time (`--all-devices`).
    pub at_once: bool,
    /// Its rounds took turns with those of other benchmarks (`--in-turns`).
    #[serde(default)]
    pub in_turns: bool,
    /// Share of the time, in percent, wasted on purpose to test the benchmark; 0 in earnest.
    pub test_slow_down: f64,
}

/// The machine, the drivers, and how they were reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The names of the OpenGL implementation.
    #[serde(flatten)]
    pub renderer: Renderer,
    /// A GPU, or the CPU.
    pub kind: Kind,
    /// Version of NVIDIA's kernel driver, where it runs.
    pub nvidia_driver: Option<String>,
    /// The way to the context: `GLX` or `EGL`.
    pub api: String,
    /// The X server, or the device, by name.
    pub device: String,
    /// The X server's name, where there are stages on the screen.
    pub display: Option<String>,
    /// The swap interval of the window.
    pub swap_interval: Option<SwapIntervalReport>,
    /// What runs the container, where this is one.
    pub container: Option<String>,
    /// How a GPU came to be in it.
    pub gpu_way: Option<String>,
    /// The GPU's link to the CPU, where the kernel tells.
    pub pcie: Option<PcieLink>,
    /// The processor's name.
    pub cpu: String,
    /// Processors the program may use.
    pub cpus: usize,
    /// Kernel and its version.
    pub kernel: String,
    /// Environment variables that choose or change an OpenGL driver.
    pub variables: BTreeMap<String, String>,
}

/// A PCI Express link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PcieLink {
    /// The device's address.
    pub address: String,
    /// Transfers a second and lane, in units of 10⁹.
    pub gigatransfers: f64,
    /// Lanes.
    pub lanes: u32,
    /// What it carries in each direction at most, in 10⁹ bytes a second.
    pub gigabytes_per_second: f64,
}

/// One stage's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Which.
    pub stage: StageName,
    /// On-screen or off-screen.
    pub target: Target,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Samples a pixel; 0: no multisampling.
    pub samples: u32,
    /// Gears a frame, or pictures read a frame.
    pub load: u32,
    /// The figure: work done divided by time taken; of present, milliseconds a frame.
    pub figure: f64,
    /// What the figure counts: `FPS`, `GB/s`.
    pub unit: String,
    /// Whether a larger figure is a faster one.
    pub more_is_better: bool,
    /// The figure another way round: `0.31 µs/draw`.
    pub also: Option<String>,
    /// 95 % confidence interval of the figure; none with fewer than two rounds.
    pub interval: Option<(f64, f64)>,
    /// The figure of each round.
    pub rounds: Vec<f64>,
    /// Frames measured.
    pub frames: u64,
    /// Frames drawn and ended, those of warming up and between the rounds among them; on-screen, each was shown.
    pub frames_drawn: u64,
    /// Seconds that the measured ones took together.
    pub seconds: f64,
    /// Frame times; none of present, which has no frames of its own.
    pub frame_time: Option<FrameTime>,
    /// Processor time of all threads a frame, in milliseconds.
    pub cpu_ms: Option<f64>,
    /// The GPU's time a frame, in milliseconds, where its driver has a clock.
    pub gpu_ms: Option<f64>,
    /// What the stage waits for.
    pub limited_by: Option<Limit>,
    /// Share of the PCI Express link that the figure reaches, 0 to 1, of stages that are about it.
    pub link_share: Option<f64>,
    /// What is wrong with the figure.
    pub marks: Vec<Mark>,
    /// Frames by how long they took: upper end of a step in milliseconds, frames in it. [`crate::stats::start_of_step`]
    /// is the lower end.
    pub histogram: Vec<(f64, u64)>,
    /// Frame times in the course of time.
    pub series: Vec<Point>,
}

/// Frame times, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrameTime {
    /// Time over frames.
    pub mean: f64,
    /// Half of the frames do not exceed it.
    pub p50: f64,
    /// 95 % of the frames do not exceed it.
    pub p95: f64,
    /// 99 % of the frames do not exceed it.
    pub p99: f64,
    /// 99.9 % of the frames do not exceed it; none below 1,000 frames.
    pub p99_9: Option<f64>,
    /// Frames a second of the slowest hundredth: 1 / mean frame time of the frames that take at least p99.
    pub low_1_percent_fps: f64,
}

/// Some frames in a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Number of the round in which they were drawn, from 1; 0 in reports of programs that didn't tell.
    #[serde(default)]
    pub round: u32,
    /// Seconds from the start of the benchmark to the last of them.
    pub at: f64,
    /// Their mean frame time in milliseconds.
    pub mean_ms: f64,
    /// The longest of their frame times.
    pub max_ms: f64,
}

/// What a stage waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// The program, or the driver on the CPU; with software rendering, the drawing, too.
    Cpu,
    /// The GPU.
    Gpu,
    /// The way between CPU and GPU.
    Bus,
    /// Showing a frame costs more than drawing it.
    Presentation,
    /// The screen's refresh rate: no measure of speed.
    VerticalSync,
}

impl Limit {
    /// In words.
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
    /// Its name, with the screen where it is on it.
    pub fn label(&self) -> String {
        label(self.stage, self.target)
    }

    /// The figures of the rounds as speeds: more is faster.
    pub fn speeds(&self) -> Vec<f64> {
        self.rounds.iter().map(|figure| if self.more_is_better { *figure } else { 1.0 / figure }).collect()
    }
}

/// A stage's name for a person.
pub fn label(stage: StageName, target: Target) -> String {
    match (stage, target) {
        (StageName::Classic, Target::OnScreen) => "classic on-screen".into(),
        _ => stage.text().into(),
    }
}

/// The report as one line of JSON.
pub fn json(report: &Report) -> String {
    serde_json::to_string(report).expect("structs with string keys are JSON")
}

/// What tells whether it is one of bench's reports.
#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
}

/// The reports of a JSON text: one, or several one after the other.
///
/// # Errors
/// What is wrong with it, for the user to read.
pub fn parse(text: &str) -> Result<Vec<Report>, String> {
    for head in serde_json::Deserializer::from_str(text).into_iter::<Head>() {
        match head {
            Ok(Head { schema: Some(schema) }) if schema == SCHEMA => {}
            Ok(Head { schema: Some(other) }) => {
                return Err(format!("its schema is {}, and this program reads {SCHEMA}", shortened(&other, 40)));
            }
            Ok(_) => return Err("it is JSON of something else".into()),
            Err(e) if e.is_data() => return Err("it is JSON of something else".into()),
            Err(e) => return Err(fault(&e)),
        }
    }
    let reports = serde_json::Deserializer::from_str(text).into_iter();
    let reports = reports.collect::<Result<Vec<Report>, _>>().map_err(|e| fault(&e))?;
    if reports.is_empty() { Err("it is empty".into()) } else { Ok(reports) }
}
