//! Computes figures from durations. Each has a name with a definition. No clock, no input or output.

mod interval;

pub use interval::{
    Ratio, half_width, mean, median, paired_ratio, rate_interval, ratio_in_turns, scatter, welch_ratio,
};

use hdrhistogram::Histogram;
use std::time::Duration;

/// The frame times of a run. Memory use doesn't grow with the number of frames.
#[derive(Debug)]
pub struct FrameTimes {
    histogram: Histogram<u64>,
    frames: u64,
    total: Duration,
}

/// Shortest and longest frame time that can be told apart, in nanoseconds: 100 ns and five minutes.
const BOUNDS: (u64, u64) = (100, 300_000_000_000);

impl Default for FrameTimes {
    fn default() -> Self {
        // Two significant digits (1 %) take 43 kB, and are finer than frame times repeat.
        let histogram = Histogram::new_with_bounds(BOUNDS.0, BOUNDS.1, 2).expect("constant bounds are valid");
        FrameTimes { histogram, frames: 0, total: Duration::ZERO }
    }
}

impl FrameTimes {
    /// Records `frames` frames that took `time` together, each with the mean of the group: if frames end in groups
    /// (see [`crate::render::FrameQueue`]), single ones can't be told apart.
    pub fn record(&mut self, time: Duration, frames: u64) {
        if frames == 0 {
            return;
        }
        let each = u64::try_from(time.as_nanos() / u128::from(frames)).unwrap_or(u64::MAX);
        self.histogram.saturating_record_n(each, frames);
        self.frames += frames;
        self.total += time;
    }

    /// Number of frames recorded.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Sum of all frame times.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// Average FPS: frames divided by the sum of their frame times. `None` without frames.
    pub fn average_fps(&self) -> Option<f64> {
        rate(self.frames, self.total)
    }

    /// The frame time that `percent` of all frames don't exceed (nearest rank), within 1 %. `None` without frames.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        (self.frames > 0).then(|| Duration::from_nanos(self.histogram.value_at_percentile(percent)))
    }

    /// 1 % low average in FPS, as CapFrameX defines it: 1 / mean frame time of the frames that take at least the 99th
    /// percentile. `None` without frames.
    pub fn one_percent_low(&self) -> Option<f64> {
        let slow = self.percentile(99.0)?.as_nanos() as u64;
        let counted = self.histogram.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value()));
        let (frames, nanos) = counted
            .filter(|(value, _)| *value >= slow)
            .fold((0, 0.0), |(n, sum), (value, count)| (n + count, sum + value as f64 * count as f64));
        (frames > 0).then(|| frames as f64 * 1e9 / nanos)
    }

    /// Histogram: the upper end of each step in milliseconds (each 12 % longer than the previous one) and the frames
    /// in it, from the first step with a frame to the last.
    pub fn steps(&self) -> Vec<(f64, u64)> {
        let index = |nanos: u64| (STEPS_PER_DECADE * (nanos.max(1) as f64).log10()).ceil() as i32;
        let mut steps: Vec<(f64, u64)> = Vec::new();
        let mut last = None;
        for step in self.histogram.iter_recorded() {
            let this = index(step.value_iterated_to());
            for empty in last.map_or(this, |last| last + 1)..=this {
                steps.push((10f64.powf(f64::from(empty) / STEPS_PER_DECADE) * 1e-6, 0));
            }
            last = Some(this);
            if let Some((_, count)) = steps.last_mut() {
                *count += step.count_at_value();
            }
        }
        steps
    }
}

const STEPS_PER_DECADE: f64 = 20.0;

/// The lower end of a step of [`FrameTimes::steps`], given its upper end.
pub fn start_of_step(end: f64) -> f64 {
    end / 10f64.powf(1.0 / STEPS_PER_DECADE)
}

/// Frames per second. `None` if no frame or no time passed.
pub fn rate(frames: u64, time: Duration) -> Option<f64> {
    (frames > 0 && !time.is_zero()).then(|| frames as f64 / time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_frames_no_figures() {
        let times = FrameTimes::default();
        assert_eq!((times.average_fps(), times.percentile(50.0)), (None, None));
    }

    #[test]
    fn average_fps_is_frames_over_time_and_not_a_mean_of_rates() {
        let mut times = FrameTimes::default();
        times.record(Duration::from_millis(10), 1);
        times.record(Duration::from_millis(30), 1);
        assert_eq!(times.average_fps(), Some(50.0));
    }

    #[test]
    fn a_group_counts_as_its_frames() {
        let mut times = FrameTimes::default();
        times.record(Duration::from_millis(16), 16);
        assert_eq!(times.frames(), 16);
        let p50 = times.percentile(50.0).unwrap().as_secs_f64();
        assert!((p50 / 1e-3 - 1.0).abs() < 0.01);
    }

    #[test]
    fn one_percent_low_is_the_mean_of_the_slowest_frames() {
        let mut times = FrameTimes::default();
        times.record(Duration::from_millis(990), 990);
        times.record(Duration::from_millis(40), 4);
        times.record(Duration::from_millis(120), 6);
        // The 99th percentile is a frame of 1 ms, and therefore all frames count; with 11 slow frames it is one of
        // those.
        times.record(Duration::from_millis(10), 1);
        let low = times.one_percent_low().unwrap();
        assert!((low / (11.0 / 0.170) - 1.0).abs() < 0.02, "{low}");
    }

    #[test]
    fn steps_hold_every_frame() {
        let mut times = FrameTimes::default();
        times.record(Duration::from_millis(10), 10);
        times.record(Duration::from_millis(100), 1);
        let steps = times.steps();
        assert_eq!(steps.iter().map(|(_, count)| count).sum::<u64>(), 11);
        assert_eq!((steps[0].1, steps[steps.len() - 1].1), (10, 1));
        assert!(steps.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(steps.windows(2).all(|pair| (start_of_step(pair[1].0) / pair[0].0 - 1.0).abs() < 1e-9));
        assert!(steps[0].0 >= 1.0 && steps[0].0 < 1.13);
    }

    proptest! {
        #[test]
        fn percentiles_grow_and_are_within_1_percent_of_a_recorded_time(
            mut micros in prop::collection::vec(1u64..10_000_000, 1..200),
        ) {
            let mut times = FrameTimes::default();
            micros.iter().for_each(|&m| times.record(Duration::from_micros(m), 1));
            micros.sort_unstable();
            let mut last = Duration::ZERO;
            for percent in [50.0, 95.0, 99.0, 99.9] {
                let value = times.percentile(percent).unwrap();
                prop_assert!(value >= last);
                last = value;
                let rank = ((percent / 100.0 * micros.len() as f64).ceil() as usize).clamp(1, micros.len());
                let exact = micros[rank - 1] as f64 * 1e-6;
                prop_assert!((value.as_secs_f64() / exact - 1.0).abs() <= 0.0101, "{value:?} {exact}");
            }
        }
    }
}
