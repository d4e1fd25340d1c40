//! `bench --against`: runs this machine's benchmark and others, one round at a time, and compares them.

use super::compare;
use super::own_options::this_program;
use super::side::Side;
use crate::bench::report::Report;
use crate::console;
use crate::error::Error;
use crate::output_file::OutputFile;
use crate::request::{Bench, HOST};
use crate::signals::Signals;
use crate::text_table::Style;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::process::Command;

/// Lets all sides measure in turns, then compares the others with this one. Returns the exit code: the signal's if
/// one came, otherwise that of the first side that failed.
///
/// # Errors
/// Returns an error if a side can't be started or writes no report, if a report can't be written, or if --fail-below
/// isn't met.
pub fn run(options: &Bench) -> Result<u8, Error> {
    let signals = Signals::watch()?;
    let mut commands = vec![(HOST, this_program()?)];
    for other in &options.against {
        let mut command = Command::new(&other.program);
        command.args(&other.arguments);
        commands.push((&other.name, command));
    }
    let count = commands.len();
    let paths: Vec<_> = options
        .keep
        .iter()
        .flat_map(|folder| commands.iter().map(move |(name, _)| folder.join(format!("{name}.json"))))
        .collect();
    let files: Vec<OutputFile> = paths.iter().map(|path| OutputFile::open(path)).collect::<Result<_, _>>()?;

    let mut sides: Vec<Side> = Vec::with_capacity(count);
    for (name, command) in commands {
        let program = command.get_program().display().to_string();
        let side = Side::start(name, command, &signals)
            .map_err(|e| Error::Usage(format!("--against {name}: {program} could not be started: {e}\nName a program that is on $PATH, or give its path")))?;
        let is_over = side.has_failed() || signals.caught().is_some();
        sides.push(side);
        if is_over {
            break;
        }
    }
    take_turns(&mut sides, &signals)?;

    for (index, (file, path)) in files.into_iter().zip(&paths).enumerate() {
        match sides.get(index).and_then(|side| side.written.as_ref()) {
            Some(report) => file.write(report.as_bytes())?,
            // An old report next to a new one would be misleading.
            None => drop((file, fs::remove_file(path))),
        }
    }
    let of_side = sides.iter().filter_map(Side::exit_code).find(|code| *code != 0);
    let code = signals.caught().map(|signal| 128 + signal).or(of_side).unwrap_or(0);
    let mut reports: Vec<(String, Vec<Report>)> = Vec::with_capacity(count);
    for side in &sides {
        match &side.report {
            Ok(report) => reports.push((format!("{}.json", side.name), report.clone())),
            Err(_) if code != 0 => {}
            Err(reason) => {
                let what = format!("{} ended without a report: {reason}", side.name);
                let advice = "Its command must run rust-gears bench and accept --in-turns --json - at its end";
                return Err(io::Error::other(format!("{what}\n{advice}")).into());
            }
        }
    }
    if reports.len() < count {
        return Ok(code);
    }
    let style = if options.markdown { Style::Markdown } else { Style::Text };
    match compare::print(&reports, options.judging, style) {
        Err(error) if code != 0 => {
            console::say(&error.to_string());
            Ok(code)
        }
        compared => compared.map(|()| code),
    }
}

/// Gives turns until all sides have ended. After a failure or a signal, every side stops and reports what it has.
fn take_turns(sides: &mut [Side], signals: &Signals) -> io::Result<()> {
    while sides.iter().any(|side| side.status.is_none()) {
        for index in order(sides.len(), coin()) {
            let is_end = signals.caught().is_some() || sides.iter().any(Side::has_failed);
            match &mut sides[index] {
                side if is_end => side.end(signals)?,
                side => side.take_turn(signals)?,
            }
        }
    }
    Ok(())
}

/// The order in which the sides take their turns. A coin toss decides who is first (randomised blocks), which keeps
/// drift and periodic disturbances from favouring a side, and keeps pairs of rounds independent of each other. Going
/// back and forth would put two rounds of the same side in one burst.
fn order(sides: usize, coin: bool) -> Vec<usize> {
    if coin { (0..sides).collect() } else { (0..sides).rev().collect() }
}

/// Every `RandomState` has fresh keys.
fn coin() -> bool {
    RandomState::new().build_hasher().finish() & 1 == 0
}
