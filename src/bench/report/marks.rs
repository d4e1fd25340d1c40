//! What makes a figure say something else than it seems to, and what to do about it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A warning about a figure, or about all of them. The text advises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "mark")]
pub enum Mark {
    /// No GPU draws.
    SoftwareRendering,
    /// The frame rate is the display's.
    CappedRate {
        /// Its refresh rate in Hz.
        refresh: f64,
    },
    /// The rate scatters from round to round.
    UnsteadyClocks {
        /// Standard deviation of the rounds, in percent.
        scatter: f64,
    },
    /// Other programs take processor time.
    BusyMachine {
        /// Share of all processors, in percent.
        others: f64,
    },
    /// Too little was measured.
    TooFewSamples {
        /// Frames.
        frames: u64,
        /// Rounds.
        rounds: usize,
    },
    /// A pixel that a gear covers does not show it.
    FramesNotDrawn,
    /// The window's content or size changed while it was measured, or it could not be looked at.
    NoPresentCost,
    /// Time was wasted on purpose.
    TestSlowDown {
        /// Share of the time, in percent.
        percent: f64,
    },
}

impl Mark {
    /// In a word or two, for a table.
    pub fn short(&self) -> &'static str {
        match self {
            Mark::SoftwareRendering => "software",
            Mark::CappedRate { .. } => "capped",
            Mark::UnsteadyClocks { .. } => "unsteady",
            Mark::BusyMachine { .. } => "busy machine",
            Mark::TooFewSamples { .. } => "few samples",
            Mark::FramesNotDrawn => "NOT DRAWN",
            Mark::NoPresentCost => "not measurable",
            Mark::TestSlowDown { .. } => "test",
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mark::SoftwareRendering => f.write_str(
                "software rendering: the CPU draws, so no figure says anything of a GPU. \
                 Give this process a GPU and its OpenGL driver; `rust-gears doctor` tells what is missing",
            ),
            Mark::CappedRate { refresh } => write!(
                f,
                "capped rate: frames wait for the display's {refresh:.0} Hz, so the figure is the display's. Turn \
                 vertical sync off in the driver (__GL_SYNC_TO_VBLANK=0, vblank_mode=0)"
            ),
            Mark::UnsteadyClocks { scatter } => write!(
                f,
                "unsteady: rounds differ by {scatter:.1} % (standard deviation), because clocks change or something \
                 else draws. Measure longer (--duration), or lock the clocks (nvidia-smi --lock-gpu-clocks)"
            ),
            Mark::BusyMachine { others } => write!(
                f,
                "busy machine: other programs took {others:.0} % of all processors. Measure again when they are done"
            ),
            Mark::TooFewSamples { frames, rounds } => write!(
                f,
                "too few samples: {frames} frames in {rounds} rounds. Measure longer (--duration, --rounds)"
            ),
            Mark::FramesNotDrawn => f.write_str(
                "frames were not drawn: no pixel shows a gear. The figure is of something else; on-screen, put \
                 nothing over the window",
            ),
            Mark::NoPresentCost => f.write_str(
                "showing a frame took no time that can be measured: on-screen frames were as quick as off-screen ones",
            ),
            Mark::TestSlowDown { percent } => {
                write!(f, "test: {percent} % of the time was wasted on purpose (--test-slow-down)")
            }
        }
    }
}
