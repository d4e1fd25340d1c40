//! A benchmark in its own process, to which this one gives turns. The protocol is in `turns`.

use super::turns::PATIENCE;
use crate::bench::report::{Report, parse};
use crate::report_file::MOST;
use crate::signals::{self, Signals};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The signals sent to a side that hasn't ended this long after this process was asked to. Before the first of them,
/// only the end of its input asks it to end: at a terminal, Ctrl-C has already reached the side, and a second signal
/// would cost its report. On the second signal, scripts/run removes its container by force and cleans up, which it
/// couldn't do if it were killed.
const INSISTENCE: [(Duration, Signal); 3] = [
    (Duration::from_secs(3), Signal::TERM),
    (Duration::from_secs(6), Signal::TERM),
    (Duration::from_secs(10), Signal::KILL),
];
/// How long the end of a side may take, in seconds; longer than the last of [`INSISTENCE`].
const END: u32 = 12;

/// Its process is killed if the value is dropped before the process has ended.
pub struct Side {
    pub name: String,
    child: Child,
    /// `None` once it gets no more turns.
    input: Option<ChildStdin>,
    output: File,
    /// The incomplete line that it has written so far.
    begun: Vec<u8>,
    /// Its report, verbatim.
    pub written: Option<String>,
    /// The parsed report, or what is wrong with it.
    pub report: Result<Vec<Report>, String>,
    pub status: Option<ExitStatus>,
    /// When this process began to wait for it after a signal, and how many signals it has been sent since.
    signalled: Option<(Instant, usize)>,
}

impl Side {
    /// Starts `command` and waits until it waits for its first turn.
    ///
    /// # Errors
    /// Returns an error if it can't be started or read from.
    pub fn start(name: &str, mut command: Command, signals: &Signals) -> io::Result<Side> {
        command.args(["--in-turns", "--json", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take().expect("stdout is piped"));
        let mut side = Side {
            name: name.into(),
            child,
            input,
            output: File::from(OwnedFd::from(output)),
            begun: Vec::new(),
            written: None,
            report: Err("it wrote none".into()),
            status: None,
            signalled: None,
        };
        side.hear(signals)?;
        Ok(side)
    }

    /// Gives it a turn, then waits until it waits for the next or has ended.
    ///
    /// # Errors
    /// Returns an error if it can't be read from.
    pub fn take_turn(&mut self, signals: &Signals) -> io::Result<()> {
        if let Some(input) = &mut self.input {
            // If this fails, it has already ended.
            let _ = input.write_all(b"\n");
        }
        self.hear(signals)
    }

    /// Gives it no more turns, and waits until it has ended.
    ///
    /// # Errors
    /// Returns an error if it can't be read from.
    pub fn end(&mut self, signals: &Signals) -> io::Result<()> {
        self.input = None;
        self.hear(signals)
    }

    pub fn has_failed(&self) -> bool {
        self.status.is_some_and(|status| !status.success() || self.report.is_err())
    }

    /// Its exit code as a shell reports it, if it has ended.
    pub fn exit_code(&self) -> Option<u8> {
        let status = self.status?;
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        Some(u8::try_from(code).unwrap_or(u8::MAX))
    }

    /// Reads its output until it waits for a turn that it may get, or has ended.
    fn hear(&mut self, signals: &Signals) -> io::Result<()> {
        let mut buffer = [0; 1 << 16];
        let mut exited = None;
        while self.status.is_none() {
            if signals.caught().is_some() {
                self.insist();
            }
            let is_silent = match poll(&mut [PollFd::new(&self.output, PollFlags::IN)], Some(&PATIENCE)) {
                Ok(count) => count == 0,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if is_silent {
                // It may end before programs that it started, which keep its output open. Read what it wrote last
                // first.
                self.status = exited;
                exited = self.child.try_wait()?;
                continue;
            }
            let length = self.output.read(&mut buffer)?;
            if length == 0 {
                self.status = self.child.try_wait()?;
                if self.status.is_none() {
                    std::thread::sleep(Duration::from_millis(10));
                }
            } else if self.listen(&buffer[..length])? && self.input.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Processes what it wrote. Returns whether it announced a turn.
    fn listen(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let mut is_waiting = false;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if self.begun.len() as u64 > MOST {
                let name = &self.name;
                return Err(io::Error::other(format!("{name} wrote a line of more than {} MiB", MOST >> 20)));
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun);
                if !line.starts_with(b"{") {
                    is_waiting = true;
                    continue;
                }
                let text = String::from_utf8_lossy(&line).into_owned();
                self.report = parse(&text);
                self.written = Some(text);
            }
        }
        Ok(is_waiting)
    }

    /// Makes it end after a signal, politely at first.
    fn insist(&mut self) {
        self.input = None;
        let (since, sent) = self.signalled.get_or_insert_with(|| {
            signals::allow(END);
            (Instant::now(), 0)
        });
        if let Some((_, signal)) = INSISTENCE.get(*sent).filter(|(after, _)| since.elapsed() >= *after) {
            *sent += 1;
            // If this fails, it has already ended.
            let _ = kill_process(Pid::from_child(&self.child), *signal);
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        if self.status.is_none() {
            self.input = None;
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(script: &str) -> Side {
        let mut command = Command::new("sh");
        command.args(["-c", script, "side"]);
        Side::start("side", command, &Signals::default()).unwrap()
    }

    #[test]
    fn a_side_is_asked_to_take_turns_and_its_report_is_kept() {
        let mut side = side(r#"echo "$*"; read turn; echo next; read turn; echo "{\"asked\": \"$*\"}""#);
        assert!(side.status.is_none());
        side.take_turn(&Signals::default()).unwrap();
        assert!(side.status.is_none());
        side.take_turn(&Signals::default()).unwrap();
        assert_eq!(side.written.as_deref(), Some("{\"asked\": \"--in-turns --json -\"}\n"));
        assert_eq!(side.exit_code(), Some(0));
    }

    #[test]
    fn without_turns_it_ends_with_its_report() {
        let mut side = side("echo turn; read turn || echo '{}'; exit 7");
        side.end(&Signals::default()).unwrap();
        assert_eq!((side.written.as_deref(), side.exit_code()), (Some("{}\n"), Some(7)));
        assert!(side.has_failed());
    }

    #[test]
    fn it_has_ended_even_if_a_program_that_it_started_has_not() {
        let side = side("sleep 2 2>/dev/null & exit 3");
        assert_eq!(side.exit_code(), Some(3));
    }

    #[test]
    fn without_a_report_it_has_failed() {
        assert!(side("exit 0").has_failed());
        assert!(side("echo '{}'").has_failed());
    }
}
