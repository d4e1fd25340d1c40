//! Why measuring ends before all is measured.

use crate::error::Error;

/// What was measured until then is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Signal(u8),
    /// The user closed the window, or nobody gives turns any more.
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
