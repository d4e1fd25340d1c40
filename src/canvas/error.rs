//! Why there is nothing to draw on. Each text says what happened, as it was seen; what to do about it says
//! `crate::advice`.

use super::x11::NoAnswer;
use crate::render::{GpuHangs, Lack};
use std::fmt;

/// A failed attempt to get a drawing surface.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Attempt {
    /// What was tried: `GLX`, or a device.
    what: String,
    failure: String,
    /// The versions of OpenGL that failed like this, if there was no context.
    versions: Vec<&'static str>,
}

impl Attempt {
    fn failure(&self) -> String {
        let reason = &self.failure;
        match self.versions.as_slice() {
            [] => reason.clone(),
            [only] => format!("no OpenGL {only} context ({reason})"),
            [first, rest @ ..] => format!("no OpenGL {first} context, nor one of {} ({reason})", rest.join(", ")),
        }
    }
}

/// Failures of a chain of attempts, in order. Equal failures at the same step are kept once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attempts {
    all: Vec<Attempt>,
    too_old: Option<Box<Refusal>>,
    has_lack: bool,
}

impl Attempts {
    pub fn add(&mut self, what: impl Into<String>, failure: impl fmt::Display) {
        self.keep(Attempt { what: what.into(), failure: failure.to_string(), versions: Vec::new() });
    }

    /// Adds an attempt unless it is already known. Versions that failed alike are one attempt.
    fn keep(&mut self, attempt: Attempt) {
        let is_alike = |a: &&mut Attempt| {
            a.what == attempt.what
                && a.failure == attempt.failure
                && a.versions.is_empty() == attempt.versions.is_empty()
        };
        match self.all.iter_mut().find(is_alike) {
            None => self.all.push(attempt),
            Some(known) => {
                let new: Vec<_> =
                    attempt.versions.into_iter().filter(|version| !known.versions.contains(version)).collect();
                known.versions.extend(new);
            }
        }
    }

    /// Adds a driver's answer.
    pub fn add_refusal(&mut self, what: impl Into<String>, refusal: Refusal) {
        match refusal {
            Refusal::NoContext { version, reason } => {
                self.keep(Attempt { what: what.into(), failure: reason, versions: vec![version] });
            }
            other => {
                self.add(what, &other);
                self.has_lack |= matches!(other, Refusal::Lacks(_));
                if matches!(other, Refusal::TooOld { .. }) {
                    self.too_old.get_or_insert(Box::new(other));
                }
            }
        }
    }

    /// Whether a driver would draw if the request were smaller.
    pub fn has_lack(&self) -> bool {
        self.has_lack
    }

    /// The driver that is here but too old, if there is one.
    pub fn too_old(&self) -> Option<&Refusal> {
        self.too_old.as_deref()
    }

    /// Appends failures seen elsewhere.
    pub fn extend(&mut self, others: Attempts) {
        others.all.into_iter().for_each(|attempt| self.keep(attempt));
        self.has_lack |= others.has_lack;
        self.too_old = self.too_old.take().or(others.too_old);
    }

    /// Whether nothing has failed.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All failures in one line.
    pub fn in_one_line(&self) -> String {
        self.all.iter().map(|a| format!("{}: {}", a.what, a.failure())).collect::<Vec<_>>().join("; ")
    }

    /// All failures in one line, without what was tried.
    pub fn failures(&self) -> String {
        self.all.iter().map(Attempt::failure).collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for attempt in &self.all {
            write!(f, "\n  tried {}: {}", attempt.what, attempt.failure())?;
        }
        Ok(())
    }
}

/// Why an attempt to create a context fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A driver is here and draws, but is too old for the gears. (doctor recognises this text.)
    #[error("{needed} is needed, {renderer} offers {version}")]
    TooOld {
        /// The lowest version that suffices.
        needed: &'static str,
        /// `GL_RENDERER`.
        renderer: String,
        /// `GL_VERSION`.
        version: String,
    },
    /// The driver can't create a context of this version.
    #[error("no OpenGL {version} context ({reason})")]
    NoContext { version: &'static str, reason: String },
    /// A driver is here and draws, but can't do what was asked for.
    #[error(transparent)]
    Lacks(#[from] Lack),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl From<String> for Refusal {
    fn from(words: String) -> Refusal {
        Refusal::Other(words)
    }
}

impl From<&str> for Refusal {
    fn from(words: &str) -> Refusal {
        Refusal::Other(words.into())
    }
}

/// There is nothing to draw on, or it went away.
#[derive(Debug, thiserror::Error)]
pub enum CanvasError {
    /// A library that windows need can't be loaded.
    #[error("{library} cannot be loaded, and no window opens without it: {reason}")]
    MissingLibrary {
        /// Its soname.
        library: &'static str,
        /// Its Debian package.
        package: &'static str,
        reason: String,
    },
    /// libxkbcommon's data is missing.
    #[error("{path} is missing, and no window can read its keyboard without it")]
    MissingKeyboardData { path: String },
    /// No connection to the X server.
    #[error("no connection to the X server {display}: {reason}")]
    NoConnection { display: String, reason: NoAnswer },
    /// The X server lacks an extension that a window needs.
    #[error("the X server {display} has no {extension} extension, and no window opens without it")]
    MissingExtension { display: String, extension: &'static str },
    /// No combination of display, config and context worked.
    #[error("could not open {wanted} on {display}{attempts}")]
    NoWindow {
        /// What was asked for: `a window with OpenGL 2.1 and 8 samples`.
        wanted: String,
        display: String,
        attempts: Attempts,
    },
    /// A window opened, but not with the OpenGL that `--gl-vendor` asks for.
    #[error("could not open a window with NVIDIA's OpenGL (--gl-vendor nvidia) on {display}{attempts}")]
    OtherVendor { display: String, attempts: Attempts },
    /// EGL can't list its devices.
    #[error("no EGL device can be listed{attempts}")]
    NoDeviceList { attempts: Attempts },
    /// EGL lists none.
    #[error("EGL has no device at all")]
    NoDevices,
    /// None of these is the one that `--device` names.
    #[error("--device names no EGL device that is here; there is: {}", there.join(", "))]
    NoSuchDevice { there: Vec<String> },
    #[error("no EGL device is of the vendor that --gl-vendor asks for")]
    NoDeviceOfVendor,
    /// No device can be drawn on.
    #[error("no EGL device can be drawn on{attempts}")]
    NoDevice { attempts: Attempts },
    /// Frames of this kind can't be copied into a window.
    #[error("--present copy can't show what was asked for: {reason}")]
    CannotCopy { reason: String },
    /// Copying was asked for, and there is nothing to draw on.
    #[error("without an EGL device there is nothing to copy from (leave out --present copy): {0}")]
    NothingToCopy(Box<CanvasError>),
    /// The size exceeds the limits of the OpenGL implementation.
    #[error("{width}x{height} with {samples} samples is more than {renderer} can draw: {reason}")]
    TooLarge {
        width: u32,
        height: u32,
        samples: u32,
        /// The renderer's name.
        renderer: String,
        /// The limit that was exceeded.
        reason: String,
    },
    /// A benchmark's rounds would no longer be alike.
    #[error("the window's size changed during the measurement")]
    Resized,
    #[error(transparent)]
    GpuHangs(#[from] GpuHangs),
    /// A surface has stopped working.
    #[error("drawing on {place} failed: {reason}")]
    Lost { place: String, reason: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_fail_alike_are_one_attempt() {
        let mut attempts = Attempts::default();
        let mut refuse = |version, reason: &str| {
            attempts.add_refusal("GLX", Refusal::NoContext { version, reason: reason.into() });
        };
        refuse("3.3", "BadMatch");
        refuse("3.1", "BadMatch");
        refuse("3.1", "BadMatch");
        refuse("2.1", "BadValue");
        let expected =
            "GLX: no OpenGL 3.3 context, nor one of 3.1 (BadMatch); GLX: no OpenGL 2.1 context (BadValue)";
        assert_eq!(attempts.in_one_line(), expected);
    }
}
