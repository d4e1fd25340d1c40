//! Turns: setting up a stage is one turn, and each round of a stage is another. On its own, this process takes one
//! after the other. With `--in-turns`, several processes alternate: any drift or disturbance then affects all of them
//! alike, and they can be compared round by round.
//!
//! The protocol for the process that gives the turns (`bench --against`: `against` and `side`):
//! - Before each turn, this process writes a line to standard output that says what the turn will do, such as `fill:
//!   warming up` or `fill: round 3 of 30`. Then it waits for a line on standard input; its content doesn't matter.
//! - After its last turn, it writes its report and exits. With `--json -` the report is one line, the only one that
//!   begins with `{`.
//! - If standard input is closed, it ends early and reports what it has. A signal does the same.

use super::halt::{Halt, Stop};
use crate::console::Output;
use crate::signals::Signals;
use indicatif::{ProgressBar, ProgressStyle};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

/// Time between two checks for a signal while waiting: a signal that arrives just before the wait doesn't interrupt
/// it.
pub const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// This process's turns.
pub enum Turns {
    /// No other process takes turns. Shows a progress bar on a terminal, and nothing in a pipe.
    Alone {
        /// Advances with each turn.
        bar: ProgressBar,
        /// Turns begun.
        begun: u64,
    },
    /// Other processes take turns in between.
    WithOthers {
        /// Standard input, unbuffered, because `poll` doesn't see a line that is already in a buffer.
        input: File,
        output: Output,
        /// Signals end the wait, too.
        signals: Signals,
    },
}

impl Turns {
    /// This many turns without other processes.
    pub fn alone(count: u64) -> Turns {
        let style = ProgressStyle::with_template("{bar:30} {msg} ({eta} left)").expect("the template is valid");
        Turns::Alone { bar: ProgressBar::new(count).with_style(style), begun: 0 }
    }

    /// Turns that are given through standard input.
    ///
    /// # Errors
    /// Returns an error if there is no standard input.
    pub fn with_others(signals: Signals) -> io::Result<Turns> {
        let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        Ok(Turns::WithOthers { input, output: Output::default(), signals })
    }

    /// Waits for this process's turn, which will do what `text` says.
    ///
    /// # Errors
    /// Returns an error if standard input or output can't be used.
    pub fn begin(&mut self, text: String) -> Result<(), Halt> {
        match self {
            Turns::Alone { bar, begun } => {
                bar.set_position(*begun);
                bar.set_message(text);
                *begun += 1;
                Ok(())
            }
            Turns::WithOthers { input, output, signals } => {
                output.line(&text)?;
                wait_for_line(input, signals)
            }
        }
    }

    /// Ends the progress bar: there are no more turns.
    pub fn end(&self) {
        if let Turns::Alone { bar, .. } = self {
            bar.finish_and_clear();
        }
    }
}

fn wait_for_line(mut input: &File, signals: &Signals) -> Result<(), Halt> {
    loop {
        if let Some(signal) = signals.caught() {
            return Err(Halt::Stopped(Stop::Signal(signal)));
        }
        match poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&PATIENCE)) {
            Ok(0) | Err(Errno::INTR) => continue,
            Ok(_) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
        let mut byte = [0];
        match input.read(&mut byte)? {
            0 => return Err(Halt::Stopped(Stop::Closed)),
            _ if byte == *b"\n" => return Ok(()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_line_is_a_turn_and_the_end_of_input_is_the_end() {
        let (reader, mut writer) = io::pipe().unwrap();
        let input = File::from(std::os::fd::OwnedFd::from(reader));
        let signals = Signals::default();
        writer.write_all(b"\ngo\nrest").unwrap();
        drop(writer);
        for expected in [None, None, Some(Stop::Closed), Some(Stop::Closed)] {
            let stop = wait_for_line(&input, &signals).err().map(|halt| match halt {
                Halt::Stopped(stop) => stop,
                Halt::Failed(error) => panic!("{error}"),
            });
            assert_eq!(stop, expected);
        }
    }
}
