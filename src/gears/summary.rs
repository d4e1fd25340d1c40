//! The results of a run, written as text ([`super::text`]) or as JSON ([`super::json`]).

use crate::canvas::{Drawing, MeasuredSwapInterval, Through};
use serde::Serialize;

/// One interval between two FPS lines.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Frames that ended in it.
    pub frames: u64,
    /// Its length, from the end of the frame before its first to the end of its last.
    pub seconds: f64,
    /// Frames per second.
    pub fps: f64,
}

/// Frames that were copied to the X server.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Copy {
    /// The way to the server.
    pub through: Through,
    /// Milliseconds per frame that the program spent on copying it once it was drawn, and on waiting for the server.
    pub ms: f64,
}

/// The summary of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Frames drawn.
    pub frames: u64,
    /// Frames timed: all except the first, in which drivers compile and allocate.
    pub timed_frames: u64,
    /// Sum of all frame times.
    pub seconds: f64,
    /// Average FPS: timed frames divided by the sum of their frame times.
    pub fps: Option<f64>,
    /// The frame time that half of the frames don't exceed, in milliseconds.
    pub frame_time_p50_ms: Option<f64>,
    /// The frame time that 99 % of the frames don't exceed, in milliseconds.
    pub frame_time_p99_ms: Option<f64>,
    pub swap_interval: Option<MeasuredSwapInterval>,
    /// What copying cost, if frames were copied.
    pub copy: Option<Copy>,
    #[serde(flatten)]
    pub drawing: Drawing,
}
