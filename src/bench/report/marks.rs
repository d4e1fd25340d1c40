//! Warnings about figures that could mislead, and what to do about them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A warning about one figure or all of them. Its text includes advice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "mark")]
pub enum Mark {
    SoftwareRendering,
    /// The display limits the frame rate.
    CappedRate {
        /// Its refresh rate in Hz.
        refresh: f64,
    },
    /// The rate varies from round to round.
    UnsteadyClocks {
        /// Standard deviation of the rounds, in percent.
        scatter: f64,
    },
    BusyMachine {
        /// The share of all processors that other programs used, in percent.
        others: f64,
    },
    TooFewSamples {
        frames: u64,
        rounds: usize,
    },
    /// A pixel that should show a gear doesn't.
    FramesNotDrawn,
    /// The window's content or size changed during the measurement, or could not be read.
    NoPresentCost,
    /// A stage was left out.
    NotMeasured {
        stage: String,
        reason: String,
    },
    TestSlowDown {
        /// Share of the time, in percent.
        percent: f64,
    },
}

impl Mark {
    /// A word or two for a table.
    pub fn short(&self) -> &'static str {
        match self {
            Mark::SoftwareRendering => "software",
            Mark::CappedRate { .. } => "capped",
            Mark::UnsteadyClocks { .. } => "unsteady",
            Mark::BusyMachine { .. } => "busy machine",
            Mark::TooFewSamples { .. } => "few samples",
            Mark::FramesNotDrawn => "NOT DRAWN",
            Mark::NoPresentCost => "not measurable",
            Mark::NotMeasured { .. } => "not measured",
            Mark::TestSlowDown { .. } => "test",
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mark::SoftwareRendering => f.write_str(
                "software rendering: the CPU draws, and the figures say nothing about a GPU. \
                 Give this process a GPU and its OpenGL driver; `rust-gears doctor` tells you what is missing",
            ),
            Mark::CappedRate { refresh } => write!(
                f,
                "capped rate: frames wait for the display's {refresh:.0} Hz, which is the rate you see. Turn \
                 off vertical sync in the driver (__GL_SYNC_TO_VBLANK=0, vblank_mode=0)"
            ),
            Mark::UnsteadyClocks { scatter } => write!(
                f,
                "unsteady: rounds differ by {scatter:.1} % (standard deviation), because clocks change or another \
                 program draws. Measure longer (--duration), or lock the clocks (nvidia-smi --lock-gpu-clocks)"
            ),
            Mark::BusyMachine { others } => write!(
                f,
                "busy machine: other programs used {others:.0} % of all processors. Measure again when they are done"
            ),
            Mark::TooFewSamples { frames, rounds } => write!(
                f,
                "too few samples: {frames} frames in {rounds} rounds. Measure longer (--duration, --rounds)"
            ),
            Mark::FramesNotDrawn => f.write_str(
                "frames were not drawn: no pixel shows a gear, and the figure measures something else. On-screen, put \
                 nothing over the window",
            ),
            Mark::NoPresentCost => f.write_str(
                "presenting a frame took no measurable time: on-screen frames were as fast as off-screen ones",
            ),
            Mark::NotMeasured { stage, reason } => write!(f, "{stage}: not measured: {reason}"),
            Mark::TestSlowDown { percent } => {
                write!(f, "test: {percent} % of the time was wasted deliberately (--test-slow-down)")
            }
        }
    }
}
