//! A trial's process: its start, what it answers, whether it is at work, and how it ended.

use super::{End, Trial};
use crate::doctor::facts::Outcome;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Time in which a trial that is at work must be seen to be.
pub const WORK_WITHIN: Duration = Duration::from_millis(500);
/// How much of the end of a process's output is kept.
const WORDS_KEPT: usize = 1500;

/// A trial's process.
pub struct Process {
    child: Child,
    // Sockets rather than pipes, because reading them doesn't wait for processes that a driver has started and left
    // behind.
    answer: UnixStream,
    words: UnixStream,
    answer_read: Vec<u8>,
    words_read: Vec<u8>,
    exit: Option<ExitStatus>,
    /// Processor time it had used when last looked at, in the kernel's ticks.
    ticks: u64,
    /// When it was last seen to be at work.
    worked: Option<Instant>,
}

impl Process {
    pub fn start(trial: &Trial) -> Result<Process, String> {
        let start = || -> std::io::Result<Process> {
            let ((answer, answers), (words, says)) = (UnixStream::pair()?, UnixStream::pair()?);
            answer.set_nonblocking(true)?;
            words.set_nonblocking(true)?;
            let request = serde_json::to_string(trial).map_err(std::io::Error::other)?;
            // Not the program's path, because the file may be replaced while it runs.
            let mut command = Command::new("/proc/self/exe");
            command
                .arg0("rust-gears")
                .args(["doctor", "--trial", &request])
                .stdin(Stdio::null())
                .stdout(OwnedFd::from(answers))
                .stderr(OwnedFd::from(says));
            crate::canvas::forget_vendor_progress(&mut command);
            let child = command.spawn()?;
            let (answer_read, words_read) = (Vec::new(), Vec::new());
            Ok(Process { child, answer, words, answer_read, words_read, exit: None, ticks: 0, worked: None })
        };
        start().map_err(|e| format!("no process could be started for it: {e}"))
    }

    /// Reads what is there. Returns whether the wait is over: the answer is complete, or will never come.
    pub fn has_ended(&mut self) -> bool {
        // Checked before the output is read, so that everything written before the end is read, too.
        if self.exit.is_none() {
            self.exit = self.child.try_wait().ok().flatten();
        }
        read_available(&mut self.answer, &mut self.answer_read);
        read_available(&mut self.words, &mut self.words_read);
        self.exit.is_some() || self.answer_read.ends_with(b"\n")
    }

    /// Notes whether it is at work: a thread of it runs, waits for a processor, or has used one since the last look.
    pub fn look(&mut self) {
        let (is_runnable, ticks) = activity(self.child.id());
        if is_runnable || ticks != self.ticks {
            (self.ticks, self.worked) = (ticks, Some(Instant::now()));
        }
    }

    pub fn is_at_work(&self) -> bool {
        self.worked.is_some_and(|when| when.elapsed() < WORK_WITHIN)
    }

    pub fn end(mut self, limit: Duration) -> End {
        let has_ended = self.has_ended();
        if self.exit.is_none() {
            // Even if the answer is there, because a driver's exit handlers may hang. A process that not even SIGKILL
            // ends, because it waits in the kernel, is left behind.
            let _ = self.child.kill();
            let _ = self.child.try_wait();
        }
        let lines = String::from_utf8_lossy(&self.answer_read);
        let answer = lines.lines().last().and_then(|line| serde_json::from_str(line).ok());
        let answer = match (answer, self.exit) {
            (Some(value), _) => Outcome::Done(value),
            (None, Some(status)) => Outcome::Died(describe(status)),
            (None, None) if has_ended => Outcome::Died("its answer makes no sense".into()),
            (None, None) => Outcome::Hung(limit.as_secs_f64()),
        };
        let words = String::from_utf8_lossy(&self.words_read);
        let start = words.len().saturating_sub(WORDS_KEPT);
        let start = (start..=words.len()).find(|&at| words.is_char_boundary(at)).unwrap_or(0);
        End { answer, words: words[start..].trim().to_owned() }
    }
}

/// Whether a thread of this process is runnable, and the processor time of all in the kernel's ticks (proc(5)).
fn activity(pid: u32) -> (bool, u64) {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let states = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
    states
        .filter_map(|state| of_thread(&state))
        .fold((false, 0), |(any, sum), (one, ticks)| (any || one, sum + ticks))
}

/// The same of one thread, from its `stat`. The name, in parentheses, may contain anything.
fn of_thread(stat: &str) -> Option<(bool, u64)> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some((fields.first() == Some(&"R"), number(11)? + number(12)?)) // utime, stime
}

fn read_available(from: &mut UnixStream, into: &mut Vec<u8>) {
    let mut buffer = [0; 4096];
    // Limited, because a driver in a loop may write faster than this reads.
    for _ in 0..64 {
        match from.read(&mut buffer) {
            Ok(length) if length > 0 => into.extend_from_slice(&buffer[..length]),
            _ => break,
        }
    }
    let excess = into.len().saturating_sub(1 << 20);
    into.drain(..excess);
}

/// How a process ended: the signal's name, or the exit code.
fn describe(status: ExitStatus) -> String {
    const SIGNALS: [(i32, &str); 8] = [
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGSYS, "SIGSYS"),
        (libc::SIGTERM, "SIGTERM"),
    ];
    match (status.signal(), status.code()) {
        (Some(signal), _) => SIGNALS
            .iter()
            .find(|(number, _)| *number == signal)
            .map_or_else(|| format!("signal {signal}"), |(_, name)| name.to_string()),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "for no reason that is told".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threads_state_and_time_are_read_whatever_its_name() {
        let stat = "7 (a) R b) S 1 7 7 0 -1 4194304 92 0 0 0 11 31 0 0 20 0 1 0 5 1 1 1";
        assert_eq!(of_thread(stat), Some((false, 42)));
        assert_eq!(of_thread(&stat.replace(") S ", ") R ")), Some((true, 42)));
        assert_eq!(of_thread("7 (a) S 1 7"), None);
        assert_eq!(of_thread(""), None);
    }

    #[test]
    fn who_computes_is_at_work_and_who_sleeps_is_not() {
        let becomes = |script: &str, expected: bool| {
            let mut child = Command::new("sh").args(["-c", script]).spawn().unwrap();
            let mut before = activity(child.id());
            let is_as_expected = (0..100).any(|_| {
                std::thread::sleep(Duration::from_millis(200));
                let now = activity(child.id());
                let is_at_work = now.0 || now.1 != before.1;
                before = now;
                is_at_work == expected
            });
            child.kill().unwrap();
            child.wait().unwrap();
            is_as_expected
        };
        assert!(becomes("sleep 0.5; while :; do :; done", true));
        assert!(becomes("exec sleep 60", false));
        assert_eq!(activity(u32::MAX), (false, 0));
    }
}
