//! When frames ended, and what follows from it: frame times, intervals, limits.

use super::summary::Interval;
use crate::stats::{FrameTimes, rate};
use std::time::{Duration, Instant};

/// The clock of a run. A frame time lasts from the end of the previous frame to the frame's own end. Therefore the
/// first frame, in which drivers compile and allocate, has none, and neither has the first after a pause.
#[derive(Debug)]
pub struct Timing {
    times: FrameTimes,
    drawn: u64,
    first_ended: Option<Instant>,
    last_ended: Option<Instant>,
    interval_length: Duration,
    interval_frames: u64,
    interval_time: Duration,
}

impl Timing {
    /// Starts with no frame drawn. Intervals last at least `interval_length`.
    pub fn new(interval_length: Duration) -> Timing {
        Timing {
            times: FrameTimes::default(),
            drawn: 0,
            first_ended: None,
            last_ended: None,
            interval_length,
            interval_frames: 0,
            interval_time: Duration::ZERO,
        }
    }

    /// A frame was drawn, whether or not it has completed.
    pub fn drew(&mut self) {
        self.drawn += 1;
    }

    /// `frames` completed `now`. Returns the interval that ends with them.
    pub fn frames_ended(&mut self, now: Instant, frames: u64) -> Option<Interval> {
        self.first_ended.get_or_insert(now);
        let took = now - self.last_ended.replace(now)?;
        self.times.record(took, frames);
        self.interval_frames += frames;
        self.interval_time += took;
        if self.interval_time < self.interval_length {
            return None;
        }
        let (frames, time) = (std::mem::take(&mut self.interval_frames), std::mem::take(&mut self.interval_time));
        Some(Interval { frames, seconds: time.as_secs_f64(), fps: rate(frames, time)? })
    }

    /// The time until the next frame completes says nothing about speed.
    pub fn pause(&mut self) {
        self.last_ended = None;
    }

    /// Frames drawn.
    pub fn drawn(&self) -> u64 {
        self.drawn
    }

    /// Whether at least `duration` has passed since the first frame completed.
    pub fn has_run_for(&self, duration: Duration) -> bool {
        self.first_ended.is_some_and(|first| first.elapsed() >= duration)
    }

    pub fn frame_times(&self) -> &FrameTimes {
        &self.times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_first_frame_and_the_first_after_a_pause_have_no_frame_time() {
        let start = Instant::now();
        let mut timing = Timing::new(5 * MS);
        timing.frames_ended(start, 1);
        timing.frames_ended(start + 2 * MS, 1);
        timing.pause();
        timing.frames_ended(start + 1000 * MS, 1);
        timing.frames_ended(start + 1001 * MS, 1);
        assert_eq!(timing.frame_times().frames(), 2);
        assert_eq!(timing.frame_times().total(), 3 * MS);
    }

    #[test]
    fn an_interval_is_over_with_the_first_frame_that_fills_it_and_counts_no_frame_twice() {
        let start = Instant::now();
        let mut timing = Timing::new(5 * MS);
        let ends: Vec<_> = (0..12).filter_map(|i| timing.frames_ended(start + i * 2 * MS, 1)).collect();
        // Ends at 0, 2, 4, 6 | 8, 10, 12 | 14, 16, 18 | 20, 22 ms; glxgears would count 4 frames in the first.
        assert_eq!(ends.len(), 3);
        for interval in ends {
            assert_eq!((interval.frames, interval.seconds), (3, 0.006));
            assert_eq!(interval.fps, 500.0);
        }
    }
}
