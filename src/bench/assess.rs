//! Decides what a stage waits for, and which warnings its figure needs.

use crate::bench::report::{Limit, Mark};
use crate::canvas::{Synchronisation, Target};
use crate::renderer::Kind;

/// A stage waits for the GPU if the GPU is busy for at least this share of the frame time. It is never all of it,
/// because timer queries don't see the GPU read commands between two frames.
const BUSY_GPU: f64 = 0.8;
/// Presenting costs more than drawing if off-screen frames take less than this share of on-screen ones.
const CHEAP_DRAWING: f64 = 0.5;

/// What is known about a stage's frames. Times are in seconds per frame.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub target: Target,
    pub kind: Kind,
    /// Whether the stage measures transfers between CPU and GPU.
    pub is_bus: bool,
    /// Frame time.
    pub time: f64,
    /// The GPU's part of it.
    pub gpu: Option<f64>,
    /// Frame time off-screen, if that was measured.
    pub off_screen: Option<f64>,
    /// What the rate reveals about vertical sync.
    pub synchronisation: Synchronisation,
}

pub fn limit(frame: &Frame) -> Limit {
    let is_gpu_busy = frame.gpu.is_some_and(|gpu| gpu >= BUSY_GPU * frame.time);
    let on_screen = frame.target == Target::OnScreen;
    match frame {
        Frame { synchronisation: Synchronisation::Synchronised, .. } if on_screen => Limit::VerticalSync,
        Frame { target, off_screen: Some(drawing), time, .. }
            if *target != Target::OffScreen && *drawing < CHEAP_DRAWING * time =>
        {
            Limit::Presentation
        }
        Frame { kind: Kind::Software, .. } => Limit::Cpu,
        Frame { is_bus: true, .. } if is_gpu_busy => Limit::Bus,
        _ if is_gpu_busy => Limit::Gpu,
        _ => Limit::Cpu,
    }
}

/// Rounds that vary by more than this are unsteady, in percent.
const UNSTEADY: f64 = 5.0;
/// A machine is busy if others use more than this share of it, in percent.
const BUSY: f64 = 10.0;
/// With fewer frames or rounds than this, the uncertainty of a figure is unknown.
const FEW_FRAMES: u64 = 50;
const FEW_ROUNDS: usize = 5;

#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    pub frames: u64,
    pub rounds: usize,
    /// Standard deviation of the rounds' rates, as a fraction.
    pub scatter: Option<f64>,
    /// Share of all processors that other programs used.
    pub others: Option<f64>,
    /// Every check of the picture found a gear.
    pub is_drawn: bool,
    /// The display's refresh rate, if frames wait for it.
    pub capped_at: Option<f64>,
}

pub fn marks(rounds: &Rounds) -> Vec<Mark> {
    let percent = |share: Option<f64>, limit: f64| share.map(|s| 100.0 * s).filter(|p| *p > limit);
    let few = rounds.frames < FEW_FRAMES || rounds.rounds < FEW_ROUNDS;
    [
        (!rounds.is_drawn).then_some(Mark::FramesNotDrawn),
        rounds.capped_at.map(|refresh| Mark::CappedRate { refresh }),
        few.then_some(Mark::TooFewSamples { frames: rounds.frames, rounds: rounds.rounds }),
        percent(rounds.scatter, UNSTEADY).map(|scatter| Mark::UnsteadyClocks { scatter }),
        percent(rounds.others, BUSY).map(|others| Mark::BusyMachine { others }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame {
        target: Target::OffScreen,
        kind: Kind::Hardware,
        is_bus: false,
        time: 10.0,
        gpu: Some(9.0),
        off_screen: None,
        synchronisation: Synchronisation::Unknown,
    };

    #[test]
    fn a_frame_waits_for_what_takes_its_time() {
        assert_eq!(limit(&FRAME), Limit::Gpu);
        assert_eq!(limit(&Frame { is_bus: true, ..FRAME }), Limit::Bus);
        assert_eq!(limit(&Frame { gpu: Some(5.0), is_bus: true, ..FRAME }), Limit::Cpu);
        assert_eq!(limit(&Frame { gpu: None, ..FRAME }), Limit::Cpu);
        assert_eq!(limit(&Frame { kind: Kind::Software, ..FRAME }), Limit::Cpu);
    }

    #[test]
    fn on_screen_the_display_comes_first_and_showing_second() {
        let shown = Frame { target: Target::OnScreen, off_screen: Some(1.0), ..FRAME };
        assert_eq!(limit(&shown), Limit::Presentation);
        assert_eq!(limit(&Frame { target: Target::Copied, ..shown }), Limit::Presentation);
        assert_eq!(limit(&Frame { off_screen: Some(9.0), ..shown }), Limit::Gpu);
        assert_eq!(limit(&Frame { synchronisation: Synchronisation::Synchronised, ..shown }), Limit::VerticalSync);
    }

    #[test]
    fn each_flaw_has_its_mark_and_a_good_figure_has_none() {
        let good = Rounds {
            frames: 1000,
            rounds: 10,
            scatter: Some(0.01),
            others: Some(0.02),
            is_drawn: true,
            capped_at: None,
        };
        assert_eq!(marks(&good), []);
        let bad = Rounds {
            frames: 10,
            rounds: 2,
            scatter: Some(0.1),
            others: Some(0.5),
            is_drawn: false,
            capped_at: Some(60.0),
        };
        assert_eq!(
            marks(&bad),
            [
                Mark::FramesNotDrawn,
                Mark::CappedRate { refresh: 60.0 },
                Mark::TooFewSamples { frames: 10, rounds: 2 },
                Mark::UnsteadyClocks { scatter: 10.0 },
                Mark::BusyMachine { others: 50.0 },
            ]
        );
        assert_eq!(marks(&Rounds { scatter: None, others: None, ..good }), []);
    }
}
