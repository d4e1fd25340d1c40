//! Sets all stages up, then takes one round of each stage, over and over, which spreads any drift (clocks,
//! temperature, other programs) equally over all stages.

use super::halt::Halt;
use super::runner::{Runner, Running};
use super::stages::Spec;
use super::turns::Turns;
use crate::bench::report::{Mark, label};
use crate::error::Error;
use crate::request::Bench;

/// Measures `specs`. `running` holds what was measured even if something ends it early, `left_out` the stages that can't be
/// measured, because the driver refuses or lacks what they need.
///
/// # Errors
/// Returns what ended it early.
pub fn take(
    options: &Bench,
    specs: &[&'static Spec],
    runner: &mut Runner,
    turns: &mut Turns,
    running: &mut Vec<Running>,
    left_out: &mut Vec<Mark>,
) -> Result<(), Halt> {
    let mut begin = |runner: &Runner, spec: &Spec, what: String| {
        turns.begin(format!("{}: {what}", label(spec.stage, spec.target)))?;
        if options.in_turns {
            runner.raise_window();
        }
        Ok::<(), Halt>(())
    };
    for spec in specs {
        begin(runner, spec, "warming up".into())?;
        match runner.prepare(spec) {
            Err(Halt::Failed(Error::Render(error))) => left_out
                .push(Mark::NotMeasured { stage: label(spec.stage, spec.target), reason: error.to_string() }),
            prepared => running.push(prepared?),
        }
    }
    let rounds = options.rounds;
    for number in 1..=rounds {
        for stage in running.iter_mut() {
            begin(runner, stage.spec, format!("round {number} of {rounds}"))?;
            runner.round(stage)?;
        }
    }
    for stage in running {
        runner.check_picture(stage)?;
    }
    Ok(())
}
