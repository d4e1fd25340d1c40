//! The processes that process 1 looks after: those that it started, and orphans, which become children of a
//! container's process 1 and stay zombies until it collects them.

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use tokio::signal::unix::{self, SignalKind, signal};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    XServer,
    WebServer,
    Gears,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Role::XServer => "the X server",
            Role::WebServer => "the web server",
            Role::Gears => "the gears",
        })
    }
}

pub struct Children {
    running: RefCell<Vec<(Pid, Role)>>,
    changed: RefCell<unix::Signal>,
}

impl Children {
    /// Inside a runtime. From here on every child process is collected here, so nothing else may wait for one.
    pub fn new() -> io::Result<Children> {
        Ok(Children { running: RefCell::default(), changed: RefCell::new(signal(SignalKind::child())?) })
    }

    /// In its own process group, because Ctrl-C in a terminal is for process 1, which ends the others in order.
    pub fn start(&self, role: Role, mut command: Command) -> io::Result<()> {
        let child = command.process_group(0).spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id is a positive i32");
        self.running.borrow_mut().push((pid, role));
        Ok(())
    }

    /// Waits until one that was started here ends. Returns which one, and its exit status as a shell reports it.
    ///
    /// For one caller at a time.
    pub async fn next_end(&self) -> (Role, u8) {
        loop {
            if let Some(end) = self.collect() {
                return end;
            }
            std::future::poll_fn(|context| self.changed.borrow_mut().poll_recv(context)).await;
        }
    }

    /// Collects those that have ended, up to the first that was started here.
    fn collect(&self) -> Option<(Role, u8)> {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let mut running = self.running.borrow_mut();
            if let Some(at) = running.iter().position(|(other, _)| *other == pid) {
                return Some((running.remove(at).1, exit_status(status)));
            }
        }
        None
    }

    /// False if it doesn't run.
    pub fn signal(&self, role: Role, signal: Signal) -> bool {
        let running = self.running.borrow();
        let of_role = running.iter().filter(|(_, other)| *other == role);
        of_role.map(|(pid, _)| kill_process(*pid, signal)).any(|done| done.is_ok())
    }

    pub fn kill_all(&self) {
        for (pid, _) in self.running.borrow().iter() {
            let _ = kill_process(*pid, Signal::KILL);
        }
    }
}

/// Signals count from 128, as in a shell.
fn exit_status(status: WaitStatus) -> u8 {
    let number = status.exit_status().or(status.terminating_signal().map(|signal| 128 + signal));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null());
        command
    }

    // One test: whoever collects children takes those of other tests in the same process, too.
    #[tokio::test]
    async fn whichever_ends_is_told_and_orphans_are_collected() {
        // Like process 1, it gets its children's orphans.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
        let children = Children::new().unwrap();
        children.start(Role::XServer, shell("exec sleep 60")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let orphan = folder.path().join("orphan").display().to_string();
        children
            .start(Role::WebServer, shell(&format!("(sleep 0.1; exit 5) & echo $! >{orphan}; exit 3")))
            .unwrap();
        assert_eq!(children.next_end().await, (Role::WebServer, 3));
        // A zombie takes signals, too: these gears end with 143 once the orphan is collected.
        let script = format!(
            "for _ in $(seq 100); do kill -0 $(cat {orphan}) 2>/dev/null || kill -TERM $$; sleep 0.1; done; exit 9"
        );
        children.start(Role::Gears, shell(&script)).unwrap();
        assert_eq!(children.next_end().await, (Role::Gears, 143));
        assert!(!children.signal(Role::Gears, Signal::TERM));

        assert!(children.signal(Role::XServer, Signal::INT));
        assert_eq!(children.next_end().await, (Role::XServer, 130));
    }

    #[tokio::test]
    async fn a_program_that_is_missing_is_an_error() {
        let children = Children::new().unwrap();
        assert!(children.start(Role::XServer, Command::new("/nonexistent/Xvnc")).is_err());
    }
}
