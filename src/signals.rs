//! Signals that ask the program to end. They are noted, and the loop that draws looks at the note after every frame, so
//! that a frame is finished and results are written. If the loop doesn't look, because an X server or a driver hangs, an
//! alarm ends the process. Process 1 of a container needs handlers to be ended at all.

use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

const ASKING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];
/// Seconds until the loop has to have seen a signal.
const HUNG_AFTER: u32 = 1;
/// Seconds that writing results may take from then on.
const WRITTEN_AFTER: u32 = 5;

/// The number of the signal that came; 0: none yet.
static CAUGHT: AtomicI32 = AtomicI32::new(0);
/// The loop has seen it.
static IS_SEEN: AtomicBool = AtomicBool::new(false);

/// The signal that asked this process to end.
#[derive(Debug, Clone, Default)]
pub struct Signals(());

impl Signals {
    /// Begins to note SIGINT, SIGTERM and SIGHUP. A second one ends the process at once. The exit code is always the
    /// one that a shell expects.
    ///
    /// # Errors
    /// If the operating system refuses.
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
                // In this order: once the loop sees the signal, it sets an alarm of its own.
                alarm(HUNG_AFTER);
                CAUGHT.store(signal, Ordering::SeqCst);
            })?;
        }
        Ok(Signals::default())
    }

    /// The signal's number, if one came. Whoever asks is expected to write results and end.
    pub fn caught(&self) -> Option<u8> {
        let signal = CAUGHT.load(Ordering::Relaxed);
        if signal != 0 && !IS_SEEN.swap(true, Ordering::SeqCst) {
            alarm(WRITTEN_AFTER);
        }
        u8::try_from(signal).ok().filter(|&signal| signal != 0)
    }
}

/// Gives results so many seconds to be written in place of the usual ones, from now: other processes, which have been asked
/// to end, too, have them.
pub fn allow(seconds: u32) {
    alarm(seconds);
}

/// Has a command that has nothing to write if it is interrupted end at the first signal.
///
/// # Errors
/// If the operating system refuses.
pub fn end_at_the_first() -> io::Result<()> {
    let always = Arc::new(AtomicBool::new(true));
    ASKING.iter().try_for_each(|&signal| {
        flag::register_conditional_shutdown(signal, 128 + signal, always.clone()).map(drop)
    })
}

/// Ends the process if a signal has asked it to: to be called before another program replaces this one, which would know
/// nothing of the signal.
pub fn end_if_asked() {
    let signal = CAUGHT.load(Ordering::SeqCst);
    if signal != 0 {
        low_level::exit(128 + signal);
    }
}

/// Ends the process without the exit handlers of its libraries. Those of LLVM and Z3, which llvmpipe loads, run through
/// code that nothing touched before: its 1.2 MB would be the peak of this program's memory. What is to be written or
/// handed back must be so already.
pub fn exit_at_once(code: u8) -> ! {
    low_level::exit(code.into())
}

/// `action` must be safe in a signal handler: atomics, alarm(2) and _exit(2) are (signal-safety(7)).
#[expect(unsafe_code)]
fn on(signal: i32, action: impl Fn() + Send + Sync + 'static) -> io::Result<()> {
    // SAFETY: both callers are above, and keep to that.
    unsafe { low_level::register(signal, action) }.map(drop)
}

/// Has SIGALRM come after so many seconds, in place of any earlier alarm.
#[expect(unsafe_code)]
fn alarm(seconds: u32) {
    // SAFETY: may be called at any time.
    unsafe { libc::alarm(seconds) };
}
