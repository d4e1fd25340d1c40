//! Sets all stages up, then takes one round of each stage, over and over, which spreads any drift (clocks,
//! temperature, other programs) equally over all stages.

use super::halt::Halt;
use super::runner::{Runner, Running};
use super::stages::Spec;
use super::turns::Turns;
use crate::bench::report::label;
use crate::request::Bench;

/// Measures `specs`. `running` holds what was measured even if something ends it early.
///
/// # Errors
/// Returns what ended it early.
pub fn take(
    options: &Bench,
    specs: &[&'static Spec],
    runner: &mut Runner,
    turns: &mut Turns,
    running: &mut Vec<Running>,
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
        running.push(runner.prepare(spec)?);
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
