//! What a stage waits for, and what is wrong with its figure.

use crate::bench::report::{Limit, Mark};
use crate::canvas::Synchronisation;
use crate::canvas::Target;
use crate::renderer::Kind;

/// The GPU is what is waited for where it is at work for this share of a frame's time. Not all of it: between two
/// frames it reads commands, which no timer query sees.
const BUSY_GPU: f64 = 0.8;
/// Showing costs more than drawing where off-screen frames take less than this share of on-screen ones.
const CHEAP_DRAWING: f64 = 0.5;

/// What is known of a stage's frames. Times in seconds a frame.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Where it was drawn.
    pub target: Target,
    /// Whose work it was.
    pub kind: Kind,
    /// The stage is about data on their way between CPU and GPU.
    pub is_bus: bool,
    /// From frame to frame.
    pub time: f64,
    /// The GPU's part.
    pub gpu: Option<f64>,
    /// The same frame off-screen, where that was measured.
    pub off_screen: Option<f64>,
    /// What the rate tells of the display.
    pub synchronisation: Synchronisation,
}

/// What the frame waits for.
pub fn limit(frame: &Frame) -> Limit {
    let is_gpu_busy = frame.gpu.is_some_and(|gpu| gpu >= BUSY_GPU * frame.time);
    let on_screen = frame.target == Target::OnScreen;
    match frame {
        Frame { synchronisation: Synchronisation::Synchronised, .. } if on_screen => Limit::VerticalSync,
        Frame { off_screen: Some(drawing), time, .. } if on_screen && *drawing < CHEAP_DRAWING * time => {
            Limit::Presentation
        }
        Frame { kind: Kind::Software, .. } => Limit::Cpu,
        Frame { is_bus: true, .. } if is_gpu_busy => Limit::Bus,
        _ if is_gpu_busy => Limit::Gpu,
        _ => Limit::Cpu,
    }
}

/// Rounds that scatter by more than this are unsteady, in percent.
const UNSTEADY: f64 = 5.0;
/// A machine is busy where others take more than this share of it, in percent.
const BUSY: f64 = 10.0;
/// Fewer frames or rounds are too few to say how sure a figure is.
const FEW_FRAMES: u64 = 50;
const FEW_ROUNDS: usize = 5;

/// What is known of a stage's rounds.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    /// Frames measured.
    pub frames: u64,
    /// Rounds measured.
    pub rounds: usize,
    /// Standard deviation of the rounds' rates, as a share.
    pub scatter: Option<f64>,
    /// Share of all processors that other programs took.
    pub others: Option<f64>,
    /// Every look at the picture saw a gear.
    pub is_drawn: bool,
    /// The display's refresh rate, where the frames wait for it.
    pub capped_at: Option<f64>,
}

/// What is wrong with the figure.
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
