//! What a run tells, written as text ([`super::text`]) or as JSON ([`super::json`]).

use crate::canvas::{Drawing, SwapIntervalReport};
use serde::Serialize;

/// One interval of the FPS line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Frames that ended in it.
    pub frames: u64,
    /// Its length, from the end of the frame before its first to the end of its last.
    pub seconds: f64,
    /// Frames a second.
    pub fps: f64,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Frames drawn.
    pub frames: u64,
    /// Frames timed: all but the first, in which drivers compile and allocate.
    pub timed_frames: u64,
    /// Sum of all frame times.
    pub seconds: f64,
    /// Average FPS: timed frames divided by the sum of their frame times.
    pub fps: Option<f64>,
    /// The frame time that half of the frames do not exceed, in milliseconds.
    pub frame_time_p50_ms: Option<f64>,
    /// The frame time that 99 % of the frames do not exceed, in milliseconds.
    pub frame_time_p99_ms: Option<f64>,
    /// The swap interval.
    pub swap_interval: Option<SwapIntervalReport>,
    /// What drew.
    #[serde(flatten)]
    pub drawing: Drawing,
}
