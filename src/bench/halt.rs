//! Why a measurement ends early.

use crate::error::Error;

/// A reason to stop early. What was measured until then is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Signal(u8),
    /// The user closed the window, or nobody gives turns any longer.
    Closed,
}

/// The error of everything that draws or waits.
#[derive(Debug)]
pub enum Halt {
    Stopped(Stop),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Halt {
    fn from(error: E) -> Halt {
        Halt::Failed(error.into())
    }
}
