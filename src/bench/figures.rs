//! Computes figures from rounds.

use super::assess;
use super::record::Record;
use super::runner::Running;
use crate::bench::report::{Environment, FrameTime, Limit, Mark, Stage};
use crate::canvas::{Synchronisation, Target};
use crate::renderer::Kind;
use crate::stage_name::StageName;
use crate::stats::{half_width, mean, rate_interval, scatter};
use std::time::Duration;

const CONFIDENCE: f64 = 0.95;
/// With fewer frames than this, the slowest thousandth is a single frame.
const FRAMES_FOR_P99_9: u64 = 1000;

/// The figures of the stages `asked` for (all, if empty). `refresh` is the screen's refresh rate in Hz.
pub fn stages(
    running: &[Running],
    asked: &[StageName],
    environment: &Environment,
    synchronisation: Synchronisation,
    refresh: Option<f64>,
) -> Vec<Stage> {
    let classics = |target| running.iter().find(|stage| stage.is_classic() && stage.spec.target == target);
    let off_screen = classics(Target::OffScreen);
    let off_screen_time = off_screen.and_then(|stage| stage.record.seconds_per_frame());
    let wants = |stage| asked.is_empty() || asked.contains(&stage);
    let measured = running.iter().filter(|stage| wants(stage.spec.stage));
    let figures =
        measured.filter_map(|stage| figures(stage, environment, off_screen_time, synchronisation, refresh));
    let shown = [Target::OnScreen, Target::Copied].into_iter().filter_map(classics);
    let shown = shown.filter(|_| wants(StageName::Present));
    let present = shown.filter_map(|shown| present(off_screen?, shown, synchronisation, refresh));
    figures.chain(present).collect()
}

/// What the on-screen rate reveals about the swap interval. `refresh` is the screen's refresh rate in Hz.
pub fn synchronisation(running: &[Running], refresh: Option<f64>) -> Synchronisation {
    let on_screen = running.iter().find(|stage| stage.spec.target == Target::OnScreen);
    match on_screen.and_then(|stage| Some(1.0 / stage.record.seconds_per_frame()?)) {
        // The requested interval doesn't count: the driver's own settings can override it.
        Some(rate) => Synchronisation::judge(rate, refresh, None),
        None => Synchronisation::Unknown,
    }
}

impl Running {
    fn is_classic(&self) -> bool {
        self.spec.stage == StageName::Classic
    }
}

impl Record {
    /// Mean frame time, or `None` without frames.
    fn seconds_per_frame(&self) -> Option<f64> {
        let frames = self.total_frames();
        (frames > 0).then(|| self.seconds() / frames as f64)
    }

    /// Frame times in milliseconds, or `None` if they weren't recorded.
    fn frame_time(&self) -> Option<FrameTime> {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        let percentile = |percent| self.times.percentile(percent).map(milliseconds);
        Some(FrameTime {
            mean: self.seconds_per_frame()? * 1e3,
            p50: percentile(50.0)?,
            p95: percentile(95.0)?,
            p99: percentile(99.0)?,
            p99_9: percentile(99.9).filter(|_| self.times.frames() >= FRAMES_FOR_P99_9),
            low_1_percent_fps: self.times.one_percent_low()?,
        })
    }
}

/// A stage's figures, or `None` if none of its rounds was completed.
fn figures(
    stage: &Running,
    environment: &Environment,
    off_screen: Option<f64>,
    synchronisation: Synchronisation,
    refresh: Option<f64>,
) -> Option<Stage> {
    let Running { spec, record, .. } = stage;
    let time = record.seconds_per_frame()?;
    let units_per_frame = stage.work / spec.work_per_unit;
    let rates: Vec<f64> = record.rates().iter().map(|rate| rate * units_per_frame).collect();
    let figure = units_per_frame / time;
    let limit = assess::limit(&assess::Frame {
        target: spec.target,
        kind: environment.kind,
        is_bus: spec.is_bus,
        time,
        gpu: record.gpu_per_frame(),
        off_screen,
        synchronisation,
    });
    let capped_at = refresh.filter(|_| limit == Limit::VerticalSync);
    let link = environment.pcie.as_ref().filter(|_| spec.is_bus);
    Some(Stage {
        stage: spec.stage,
        target: spec.target,
        width: stage.size.0,
        height: stage.size.1,
        samples: stage.samples,
        load: stage.load,
        figure,
        unit: spec.unit.into(),
        more_is_better: true,
        also: (spec.also)(figure),
        interval: rate_interval(&rates, CONFIDENCE).map(|i| (figure * i.low, figure * i.high)),
        frames: record.total_frames(),
        frames_drawn: stage.ended,
        seconds: record.seconds(),
        frame_time: record.frame_time(),
        cpu_ms: Some(record.cpu_per_frame() * 1e3),
        // Software renderers have this clock, too, but it shows what the CPU did.
        gpu_ms: record.gpu_per_frame().filter(|_| environment.kind == Kind::Hardware).map(|seconds| seconds * 1e3),
        limited_by: Some(limit),
        link_share: link.map(|link| figure / link.gigabytes_per_second),
        marks: assess::marks(&assess::Rounds {
            frames: record.total_frames(),
            rounds: rates.len(),
            scatter: scatter(&rates),
            // On-screen, the X server's work is part of what is measured.
            others: record.others().filter(|_| spec.target == Target::OffScreen),
            is_drawn: stage.is_drawn,
            capped_at,
        }),
        rounds: rates,
        histogram: record.times.steps(),
        series: record.series.clone(),
    })
}

/// The cost of presenting a frame, with a swap or a copy: frame times on-screen minus those off-screen, round by round.
fn present(
    off_screen: &Running,
    on_screen: &Running,
    synchronisation: Synchronisation,
    refresh: Option<f64>,
) -> Option<Stage> {
    let pairs = on_screen.record.rates().into_iter().zip(off_screen.record.rates());
    let rounds: Vec<f64> = pairs.map(|(on, off)| 1e3 / on - 1e3 / off).collect();
    if rounds.is_empty() {
        return None;
    }
    let figure = mean(&rounds);
    let megapixels = f64::from(on_screen.size.0) * f64::from(on_screen.size.1) / 1e6;
    let mut marks = assess::marks(&assess::Rounds {
        frames: on_screen.record.total_frames(),
        rounds: rounds.len(),
        scatter: scatter(&rounds),
        others: None,
        is_drawn: on_screen.is_drawn && off_screen.is_drawn,
        capped_at: refresh.filter(|_| {
            synchronisation == Synchronisation::Synchronised && on_screen.spec.target == Target::OnScreen
        }),
    });
    if figure <= 0.0 {
        marks.push(Mark::NoPresentCost);
    }
    Some(Stage {
        stage: StageName::Present,
        target: on_screen.spec.target,
        width: on_screen.size.0,
        height: on_screen.size.1,
        samples: on_screen.samples,
        load: 1,
        figure,
        unit: "ms".into(),
        more_is_better: false,
        also: Some(format!("{:.3} ms/Mpixel", figure / megapixels)),
        interval: half_width(&rounds, CONFIDENCE).map(|half| (figure - half, figure + half)),
        rounds,
        frames: on_screen.record.total_frames(),
        frames_drawn: on_screen.ended,
        seconds: on_screen.record.seconds(),
        frame_time: None,
        cpu_ms: None,
        gpu_ms: None,
        limited_by: None,
        link_share: None,
        marks,
        histogram: Vec::new(),
        series: Vec::new(),
    })
}
