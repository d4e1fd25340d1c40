//! Process 1 of the image `isolated`: starts everything, prints the URL once the gears can be watched, and ends
//! everything as soon as one of them ends.

use crate::children::{Children, Role};
use crate::password::Password;
use crate::task::Way;
use crate::{announcement, commands, health, password};
use rustix::fs::Mode;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Signal, umask};
use std::convert::Infallible;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, PipeReader, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Time between two checks whether the gears can be watched yet.
const CHECK_EVERY: Duration = Duration::from_millis(50);
/// How long the gears may take to end and print their last lines, and how long the X server's last words are read.
const LAST_WORDS_WITHIN: Duration = Duration::from_millis(750);
/// How much of the X server's output is kept, in bytes. It logs each connection, and anybody may connect.
const KEPT: usize = 8192;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Password(#[from] password::Error),
    #[error("cannot write to {path}: {cause}. /tmp has to be writable: docker run --tmpfs /tmp")]
    Unwritable { path: &'static str, cause: io::Error },
    #[error("cannot start {what}: {cause}")]
    Start { what: String, cause: io::Error },
}

impl Error {
    fn exit_status(&self) -> u8 {
        match self {
            Error::Password(password::Error::Unreadable { .. } | password::Error::Unfit { .. }) => 2,
            _ => 1,
        }
    }

    fn start(what: impl ToString) -> impl FnOnce(io::Error) -> Error {
        move |cause| Error::Start { what: what.to_string(), cause }
    }
}

/// Writes to standard error. If nobody reads that, the gears still turn.
pub fn say(words: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "isolated: {words}");
}

/// `isolated --health`.
pub async fn report_health() -> ExitCode {
    match health::check(health::way()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            say(reason);
            ExitCode::FAILURE
        }
    }
}

/// `isolated`, with these options for the gears.
pub async fn run(way: Way, options: &[OsString]) -> ExitCode {
    match supervise(way, options).await {
        Ok(status) => status.into(),
        Err(error) => {
            say(&error);
            error.exit_status().into()
        }
    }
}

/// Returns the exit status, once everything has ended.
async fn supervise(way: Way, options: &[OsString]) -> Result<u8, Error> {
    let asked_to_end = asked_to_end().map_err(Error::start("the handlers of signals"))?;
    prepare_folder()?;
    let password = password::choose(way, variable("RUST_GEARS_PASSWORD_FILE").map(Into::into))?;
    if way != Way::Browser {
        store_vnc_password(&password)?;
    }
    let children = Children::new().map_err(Error::start("the handlers of signals"))?;
    let (x_server, display) = start_x_server(&children, way)?;
    let status = tokio::select! {
        (role, status) = children.next_end() => {
            if role == Role::XServer && let Ok(Ok(words)) = timeout(LAST_WORDS_WITHIN, x_server).await {
                let _ = io::stderr().write_all(&words);
            }
            say(format_args!("{role} ended with exit status {status}, so everything ends"));
            Ok(status)
        }
        status = asked_to_end => Ok(status),
        Err(error) = turn(&children, way, &password, display, options) => Err(error),
    };
    end(&children).await;
    status
}

/// Waits for a signal that asks to end. Returns the exit status that a shell expects.
fn asked_to_end() -> io::Result<impl Future<Output = u8>> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = hangup.recv() => 129,
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
        }
    })
}

/// Everything that this container writes is private to its user.
fn prepare_folder() -> Result<(), Error> {
    umask(Mode::RWXG | Mode::RWXO);
    // The X server only creates it for root.
    if fs::create_dir("/tmp/.X11-unix").is_ok() {
        let _ = fs::set_permissions("/tmp/.X11-unix", Permissions::from_mode(0o1777));
    }
    let prepare = || {
        fs::create_dir_all(commands::FOLDER)?;
        // A restarted container may still have them.
        for entry in fs::read_dir(commands::FOLDER)? {
            fs::remove_file(entry?.path())?;
        }
        fs::write(commands::COOKIE, password::cookie()?)
    };
    prepare().map_err(|cause| Error::Unwritable { path: commands::FOLDER, cause })
}

/// In the form that the X server reads.
fn store_vnc_password(password: &Password) -> Result<(), Error> {
    let store = || {
        let (stdin, mut typed) = io::pipe()?;
        writeln!(typed, "{}", password.text)?;
        drop(typed);
        let made = Command::new("tigervncpasswd").arg("-f").stdin(stdin).stderr(Stdio::inherit()).output()?;
        if !made.status.success() {
            return Err(io::Error::other(made.status.to_string()));
        }
        fs::write(commands::VNC_PASSWORD, made.stdout)
    };
    store().map_err(Error::start("tigervncpasswd"))
}

/// Also returns its last words, for when it ends, and where it will write its display's number.
fn start_x_server(children: &Children, way: Way) -> Result<(JoinHandle<Vec<u8>>, pipe::Receiver), Error> {
    let start = || {
        let (display, display_end) = io::pipe()?;
        fcntl_setfd(&display_end, FdFlags::empty())?; // the X server inherits it
        let (words, words_end) = io::pipe()?;
        let mut command = commands::x_server(way, display_end.as_raw_fd());
        command.stdin(Stdio::null()).stderr(words_end);
        children.start(Role::XServer, command)?;
        Ok((tokio::spawn(last_words(receiver(words)?)), receiver(display)?))
    };
    start().map_err(Error::start(Role::XServer))
}

/// Starts the rest on the X server, and prints the URL once the gears can be watched.
async fn turn(
    children: &Children,
    way: Way,
    password: &Password,
    display: pipe::Receiver,
    options: &[OsString],
) -> Result<Infallible, Error> {
    let mut number = String::new();
    let _ = BufReader::new(display).read_line(&mut number).await;
    let number = number.trim_end();
    if number.is_empty() {
        // The X server has ended, and whoever waits for its end says so.
        return std::future::pending().await;
    }
    let mut gears = commands::gears(way, number, options);
    gears.stdin(Stdio::null());
    if way == Way::Browser {
        let (figures, figures_end) = io::pipe().map_err(Error::start(Role::WebServer))?;
        let mut web_server = commands::web_server(&password.text);
        web_server.stdin(figures);
        children.start(Role::WebServer, web_server).map_err(Error::start(Role::WebServer))?;
        gears.stdout(figures_end);
    }
    children.start(Role::Gears, gears).map_err(Error::start(Role::Gears))?;

    while health::check(way).await.is_err() {
        tokio::time::sleep(CHECK_EVERY).await;
    }
    let outside = variable("RUST_GEARS_URL").map(|url| url.to_string_lossy().into_owned());
    let url = announcement::url(way, outside.as_deref(), password);
    let _ = writeln!(io::stdout(), "{url}");
    announcement::hints(way, &url, password).iter().for_each(say);
    std::future::pending().await
}

/// The gears first, because they must end before their X server does, and print their last lines.
async fn end(children: &Children) {
    if children.signal(Role::Gears, Signal::TERM) {
        let gears_end = async { while children.next_end().await.0 != Role::Gears {} };
        let _ = timeout(LAST_WORDS_WITHIN, gears_end).await;
    }
    children.kill_all();
}

/// The end of what is read.
async fn last_words(mut source: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut chunk = [0; 1024];
    while let Ok(length @ 1..) = source.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..length]);
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
    kept
}

fn receiver(reader: PipeReader) -> io::Result<pipe::Receiver> {
    pipe::Receiver::from_owned_fd(OwnedFd::from(reader))
}

/// An empty variable counts as unset.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| value != OsStr::new(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_words_are_the_end_of_all_and_no_more() {
        let all: Vec<u8> = (0..3 * KEPT + 17).map(|number| (number % 251) as u8).collect();
        assert_eq!(last_words(&all[..]).await, all[all.len() - KEPT..]);
        assert_eq!(last_words(&b"few"[..]).await, b"few");
    }
}
