//! `rust-gears bench`: `stages` defines what is measured, `rounds` measures it using `runner`, and `figures`
//! evaluates it.

mod against;
mod all_devices;
mod assess;
pub mod compare;
mod comparison;
mod environment;
mod figures;
mod framebuffers;
mod halt;
mod outputs;
mod own_options;
mod processors;
mod record;
pub mod report;
mod rounds;
mod runner;
mod side;
mod stages;
mod turns;
mod window;

use crate::advice;
use crate::bench::report::{Mark, Report, SCHEMA, Settings};
use crate::console;
use crate::error::Error;
use crate::gears::Ended;
use crate::renderer::Kind;
use crate::request::Bench;
use crate::signals::Signals;
use halt::{Halt, Stop};
use outputs::Outputs;
use runner::Runner;
use std::time::{SystemTime, UNIX_EPOCH};
use turns::Turns;

/// Measures and reports. Returns the exit code.
///
/// # Errors
/// Returns an error if it can't measure, or can't write a report.
pub fn run(options: &Bench) -> Result<u8, Error> {
    if !options.against.is_empty() {
        return against::run(options);
    }
    let ended = if options.all_devices { all_devices::run(options) } else { run_alone(options) };
    ended.map(Ended::exit_code)
}

fn run_alone(options: &Bench) -> Result<Ended, Error> {
    let signals = Signals::watch()?;
    let outputs = Outputs::open(options)?;
    let (report, stop) = measure(options, signals)?;
    outputs.write(&report)?;
    Ok(match stop {
        Some(Stop::Signal(number)) => Ended::Signal(number),
        Some(Stop::Closed) | None => Ended::Done,
    })
}

/// Measures until everything is done or something ends it early.
fn measure(options: &Bench, signals: Signals) -> Result<(Report, Option<Stop>), Error> {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let mut runner = Runner::new(options, signals.clone())?;
    if let Some(warning) = runner.canvas.warning() {
        console::say(&advice::warning(warning));
    }
    let specs = stages::chosen(&options.stages, |target| runner.canvas.can_show(target));
    if specs.is_empty() {
        return Err(Error::Usage("the stages you asked for need a display; set DISPLAY or use --display".into()));
    }
    let mut turns = match options.in_turns {
        true => Turns::with_others(signals)?,
        false => Turns::alone(specs.len() as u64 * (u64::from(options.rounds) + 1)),
    };
    let (mut running, mut left_out) = (Vec::with_capacity(specs.len()), Vec::new());
    let stop = match rounds::take(options, &specs, &mut runner, &mut turns, &mut running, &mut left_out) {
        Ok(()) => None,
        Err(Halt::Stopped(stop)) => Some(stop),
        Err(Halt::Failed(error)) => return Err(error),
    };
    turns.end();
    let refresh = runner.canvas.window().and_then(|window| window.refresh_rate());
    let synchronisation = figures::synchronisation(&running, refresh);
    let environment = environment::gather(&runner.canvas, synchronisation);
    let software = (environment.kind == Kind::Software).then_some(Mark::SoftwareRendering);
    let test = (options.test_slow_down > 0.0).then_some(Mark::TestSlowDown { percent: options.test_slow_down });
    let report = Report {
        schema: SCHEMA.into(),
        program: concat!("rust-gears ", env!("CARGO_PKG_VERSION")).into(),
        started,
        seconds: runner.elapsed().as_secs_f64(),
        interrupted_by: match stop {
            Some(Stop::Signal(number)) => Some(number),
            Some(Stop::Closed) | None => None,
        },
        settings: Settings {
            rounds: options.rounds,
            round_seconds: options.slice.as_secs_f64(),
            gears: options.gears,
            at_once: options.at_once,
            in_turns: options.in_turns,
            test_slow_down: options.test_slow_down,
        },
        marks: software.into_iter().chain(test).chain(left_out).collect(),
        stages: figures::stages(&running, &options.stages, &environment, synchronisation, refresh),
        environment,
    };
    Ok((report, stop))
}
