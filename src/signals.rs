//! Signals that ask the program to end. A handler records them, and the drawing loop checks after every frame, which
//! lets it finish the frame and write results. If the loop doesn't check because an X server or a driver hangs, an
//! alarm ends the process. As process 1 of a container, the program would ignore these signals without handlers.

use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

const ASKING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];
/// Seconds within which the loop must have seen a signal.
const HUNG_AFTER: u32 = 1;
/// Seconds that writing results may take after that.
const WRITTEN_AFTER: u32 = 5;

/// The number of the signal received; 0: none yet.
static CAUGHT: AtomicI32 = AtomicI32::new(0);
/// Whether the loop has seen it.
static IS_SEEN: AtomicBool = AtomicBool::new(false);

/// Tells whether a signal has asked this process to end.
#[derive(Debug, Clone, Default)]
pub struct Signals(());

impl Signals {
    /// Starts to record SIGINT, SIGTERM and SIGHUP. A second signal ends the process at once. The exit code is always
    /// the one that a shell expects.
    ///
    /// # Errors
    /// Returns an error if the operating system refuses.
    pub fn watch() -> io::Result<Signals> {
        on(SIGALRM, || {
            let caught = CAUGHT.load(Ordering::SeqCst);
            low_level::exit(128 + if caught == 0 { SIGALRM } else { caught })
        })?;
        for signal in ASKING {
            on(signal, move || {
                if CAUGHT.load(Ordering::SeqCst) != 0 {
                    low_level::exit(128 + signal);
                }
                // In this order, because the loop sets its own alarm once it sees the signal.
                alarm(HUNG_AFTER);
                CAUGHT.store(signal, Ordering::SeqCst);
            })?;
        }
        Ok(Signals::default())
    }

    /// The signal's number, if one came. The caller must then write its results and end.
    pub fn caught(&self) -> Option<u8> {
        let signal = CAUGHT.load(Ordering::Relaxed);
        if signal != 0 && !IS_SEEN.swap(true, Ordering::SeqCst) {
            alarm(WRITTEN_AFTER);
        }
        u8::try_from(signal).ok().filter(|&signal| signal != 0)
    }
}

/// Allows this many seconds from now to write results, instead of the usual ones, because other processes that were
/// also asked to end need them.
pub fn allow(seconds: u32) {
    alarm(seconds);
}

/// For commands that have nothing to write if interrupted: ends the process on the first signal.
///
/// # Errors
/// Returns an error if the operating system refuses.
pub fn end_at_the_first() -> io::Result<()> {
    let always = Arc::new(AtomicBool::new(true));
    ASKING.iter().try_for_each(|&signal| {
        flag::register_conditional_shutdown(signal, 128 + signal, always.clone()).map(drop)
    })
}

/// Ends the process if a signal has asked it to. Call this before another program replaces this one, because the new
/// program wouldn't know about the signal.
pub fn end_if_asked() {
    let signal = CAUGHT.load(Ordering::SeqCst);
    if signal != 0 {
        low_level::exit(128 + signal);
    }
}

/// Ends the process without running the exit handlers of its libraries. Those of LLVM and Z3, which llvmpipe loads,
/// touch 1.2 MB of code for the first time, which would become this program's peak memory. Write and release
/// everything first.
pub fn exit_at_once(code: u8) -> ! {
    low_level::exit(code.into())
}

/// `action` must be safe in a signal handler: atomics, alarm(2) and _exit(2) are (signal-safety(7)).
#[expect(unsafe_code)]
fn on(signal: i32, action: impl Fn() + Send + Sync + 'static) -> io::Result<()> {
    // SAFETY: both callers are above and use only such functions.
    unsafe { low_level::register(signal, action) }.map(drop)
}

/// Schedules SIGALRM in this many seconds, replacing any earlier alarm.
#[expect(unsafe_code)]
fn alarm(seconds: u32) {
    // SAFETY: may be called at any time.
    unsafe { libc::alarm(seconds) };
}
