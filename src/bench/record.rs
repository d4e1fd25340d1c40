//! What was measured of a stage, round by round.

use crate::bench::report::Point;
use crate::stats::FrameTimes;
use std::time::Duration;

/// Points of the time series per round.
const POINTS_PER_ROUND: u32 = 20;

#[derive(Debug, Default)]
pub struct Record {
    pub times: FrameTimes,
    /// The completed rounds.
    pub rounds: Vec<Round>,
    /// Number of frames whose GPU time was measured.
    pub gpu_frames: u32,
    /// The sum of these GPU times.
    pub gpu_time: Duration,
    /// Frame times over the course of the benchmark.
    pub series: Vec<Point>,
    bucket: Bucket,
}

#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Frames that ended in it.
    pub frames: u64,
    /// From the end of the frame before the first to the end of the last.
    pub time: Duration,
    /// Processor time of all threads.
    pub cpu: Duration,
    /// Share of all processors that others used, see [`super::processors::Usage`].
    pub others: Option<f64>,
}

#[derive(Debug, Default)]
struct Bucket {
    frames: u64,
    time: Duration,
    longest: Duration,
}

impl Record {
    /// Records `frames` frames that took `time` together and ended at `at` after the start of the benchmark, in a
    /// round of length `slice`.
    pub fn frames(&mut self, frames: u64, time: Duration, at: Duration, slice: Duration) {
        self.times.record(time, frames);
        self.bucket.frames += frames;
        self.bucket.time += time;
        self.bucket.longest = self.bucket.longest.max(time / u32::try_from(frames).unwrap_or(1).max(1));
        if self.bucket.time >= slice / POINTS_PER_ROUND {
            self.close_bucket(at);
        }
    }

    /// Records a completed round.
    pub fn round(&mut self, round: Round, at: Duration) {
        self.close_bucket(at);
        self.rounds.push(round);
    }

    /// Records the GPU time of a frame.
    pub fn gpu(&mut self, time: Duration) {
        self.gpu_frames += 1;
        self.gpu_time += time;
    }

    fn close_bucket(&mut self, at: Duration) {
        let Bucket { frames, time, longest } = std::mem::take(&mut self.bucket);
        if frames > 0 {
            self.series.push(Point {
                round: self.rounds.len() as u32 + 1,
                at: at.as_secs_f64(),
                mean_ms: time.as_secs_f64() * 1e3 / frames as f64,
                max_ms: longest.as_secs_f64() * 1e3,
            });
        }
    }

    /// Frames of all rounds.
    pub fn total_frames(&self) -> u64 {
        self.rounds.iter().map(|round| round.frames).sum()
    }

    /// Time of all rounds, in seconds.
    pub fn seconds(&self) -> f64 {
        self.rounds.iter().map(|round| round.time.as_secs_f64()).sum()
    }

    /// Frames per second, round by round.
    pub fn rates(&self) -> Vec<f64> {
        self.rounds.iter().map(|round| round.frames as f64 / round.time.as_secs_f64()).collect()
    }

    /// Processor time per frame, in seconds.
    pub fn cpu_per_frame(&self) -> f64 {
        self.rounds.iter().map(|round| round.cpu.as_secs_f64()).sum::<f64>() / self.total_frames().max(1) as f64
    }

    /// GPU time per frame in seconds, or `None` if it wasn't measured or the driver has no timer queries.
    pub fn gpu_per_frame(&self) -> Option<f64> {
        let sum = self.gpu_time.as_secs_f64();
        (self.gpu_frames > 0 && sum > 0.0).then(|| sum / f64::from(self.gpu_frames))
    }

    /// Mean share of all processors that others used, from 0 to 1.
    pub fn others(&self) -> Option<f64> {
        let shares: Vec<f64> = self.rounds.iter().filter_map(|round| round.others).collect();
        (!shares.is_empty()).then(|| crate::stats::mean(&shares).max(0.0))
    }
}
