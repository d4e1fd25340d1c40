//! Turns: setting a stage up is one, and so is each round of a stage. Alone, this process takes one after the other.
//! With `--in-turns` several processes take theirs in turns: what drifts or disturbs the machine then meets all of them
//! alike, and round by round they can be compared.
//!
//! The protocol, for whoever gives the turns (`bench --against` does: `against` and `side`):
//! - Before each turn the process writes a line to standard output that says what its turn will be, such as
//!   `fill: warming up` or `fill: round 3 of 30`. Then it does nothing until a line, of whatever content, comes on
//!   standard input.
//! - After its last turn it writes its report and ends. With `--json -` the report is one line, and the only one that
//!   begins with `{`.
//! - The end of its input ends it early: it writes the report of what it has. So does a signal.

use super::halt::{Halt, Stop};
use crate::console::Output;
use crate::signals::Signals;
use indicatif::{ProgressBar, ProgressStyle};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

/// Time between two looks for a signal while waiting: one that comes just before the wait does not end it.
pub const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// This process's turns.
pub enum Turns {
    /// Nobody else has any. A progress bar on a terminal; nothing in a pipe.
    Alone {
        /// It moves on with each turn.
        bar: ProgressBar,
        /// Turns begun.
        begun: u64,
    },
    /// Others have theirs in between.
    WithOthers {
        /// Standard input, unbuffered: a line that was read ahead would not be seen coming.
        input: File,
        /// Standard output.
        output: Output,
        /// What ends the wait, too.
        signals: Signals,
    },
}

impl Turns {
    /// So many turns without others.
    pub fn alone(count: u64) -> Turns {
        let style = ProgressStyle::with_template("{bar:30} {msg} ({eta} left)").expect("a constant");
        Turns::Alone { bar: ProgressBar::new(count).with_style(style), begun: 0 }
    }

    /// Turns given through standard input.
    ///
    /// # Errors
    /// Where there is no standard input.
    pub fn with_others(signals: Signals) -> io::Result<Turns> {
        let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        Ok(Turns::WithOthers { input, output: Output::default(), signals })
    }

    /// Waits for this process's turn, in which it will do what `text` says.
    ///
    /// # Errors
    /// Where standard input or output cannot be used.
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

    /// There are no more turns.
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
