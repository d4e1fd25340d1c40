//! Signals that ask the program to end. They are noted, and the loop that draws looks at the note after every frame,
//! so that a frame is finished and results are written. Process 1 of a container needs handlers to be ended at all.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The first signal that came.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    caught: Arc<AtomicUsize>,
}

impl Signals {
    /// Begins to note SIGINT, SIGTERM and SIGHUP. A second one ends the process at once, with the exit code a shell
    /// expects: the way out where a driver hangs.
    ///
    /// # Errors
    /// Where the operating system refuses.
    pub fn watch() -> io::Result<Signals> {
        let signals = Signals::default();
        let second = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // In this order: the shutdown looks at what the earlier signal has set.
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, second.clone())?;
            signal_hook::flag::register(signal, second.clone())?;
            signal_hook::flag::register_usize(signal, signals.caught.clone(), signal as usize)?;
        }
        Ok(signals)
    }

    /// The signal's number, where one came.
    pub fn caught(&self) -> Option<u8> {
        match self.caught.load(Ordering::Relaxed) {
            0 => None,
            signal => u8::try_from(signal).ok(),
        }
    }
}

/// Ends the process without the exit handlers of its libraries. Those of LLVM and Z3, which llvmpipe loads, run through
/// code that nothing touched before: its 1.2 MB would be the peak of this program's memory. What is to be written or
/// handed back must be so already.
pub fn exit_at_once(code: u8) -> ! {
    signal_hook::low_level::exit(code.into())
}
