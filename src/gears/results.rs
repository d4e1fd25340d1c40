//! What a run has measured so far, and how it is reported.

use super::summary::{Copy, Interval, Summary};
use super::{Timing, json, text};
use crate::canvas::{Copying, Drawing, MeasuredSwapInterval, SwapInterval, Synchronisation};
use crate::console::{self, Output, OutputError};
use crate::request;

/// Everything that the summary needs. None of it needs the X server, which may be gone by then.
pub struct Results {
    is_json: bool,
    has_info: bool,
    pub drawing: Drawing,
    pub output: Output,
    pub timing: Timing,
    /// What copying has cost so far, if frames are copied.
    pub copying: Option<Copying>,
    swap_interval: Option<SwapInterval>,
    synchronisation: Option<Synchronisation>,
}

impl Results {
    pub fn new(
        options: &request::Gears,
        drawing: Drawing,
        swap_interval: Option<SwapInterval>,
        output: Output,
    ) -> Results {
        Results {
            is_json: options.json,
            has_info: options.info,
            drawing,
            output,
            timing: Timing::new(options.interval),
            copying: None,
            swap_interval,
            synchronisation: None,
        }
    }

    /// Whether the swap interval has been judged. Off-screen, there is none to judge.
    pub fn is_judged(&self) -> bool {
        self.swap_interval.is_none() || self.synchronisation.is_some()
    }

    /// glxgears prints its notice whenever a swap interval was requested; this prints it only if the rate confirms
    /// it.
    pub fn judge_synchronisation(&mut self, fps: f64, refresh_rate: Option<f64>) -> Result<(), OutputError> {
        let Some(interval) = &self.swap_interval else { return Ok(()) };
        let judgement = Synchronisation::judge(fps, refresh_rate, interval.accepted);
        self.synchronisation = Some(judgement);
        if judgement == Synchronisation::Synchronised && !self.is_json {
            self.output.line(&text::synchronised_notice(interval.accepted.unwrap_or(1).unsigned_abs()))?;
        }
        Ok(())
    }

    pub fn print_interval(&mut self, interval: Interval) -> Result<(), OutputError> {
        match self.is_json {
            true => self.output.json(&json::interval(interval, &self.drawing)),
            false => self.output.line(&text::fps_line(interval)),
        }
    }

    /// `refresh_rate`: of the screen, in Hz, if known.
    pub fn print_summary(&mut self, refresh_rate: Option<f64>) -> Result<(), OutputError> {
        let times = self.timing.frame_times();
        if let (None, Some(fps), Some(interval)) = (self.synchronisation, times.average_fps(), &self.swap_interval)
        {
            self.synchronisation = Some(Synchronisation::judge(fps, refresh_rate, interval.accepted));
        }
        let measured = self.synchronisation.unwrap_or(Synchronisation::Unknown);
        let swap_interval =
            self.swap_interval.as_ref().map(|interval| MeasuredSwapInterval::new(interval, measured));
        let milliseconds = |percent| Some(times.percentile(percent)?.as_secs_f64() * 1e3);
        let summary = Summary {
            frames: self.timing.drawn(),
            timed_frames: times.frames(),
            seconds: times.total().as_secs_f64(),
            fps: times.average_fps(),
            frame_time_p50_ms: milliseconds(50.0),
            frame_time_p99_ms: milliseconds(99.0),
            swap_interval,
            copy: self.copying.filter(|copying| copying.frames > 0).map(|copying| Copy {
                through: copying.through,
                ms: copying.time.as_secs_f64() * 1e3 / copying.frames as f64,
            }),
            drawing: self.drawing.clone(),
        };
        console::say(&text::summary(&summary));
        if let (true, Some(interval)) = (self.has_info, &summary.swap_interval) {
            console::say(&format!("swap interval: {}", interval.words()));
        }
        if self.is_json { self.output.json(&json::summary(&summary)) } else { Ok(()) }
    }
}
