//! Everything that can end a run, and the exit code for each.

use crate::canvas::CanvasError;
use crate::console::OutputError;
use crate::output_file::OutputFileError;
use crate::render::RenderError;
use crate::report_file::ReportFileError;
use std::io;

/// Why a run failed. The text tells the user what happened and why; and what to do, except for the canvas, whose errors
/// are `advice`'s and doctor's to explain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line isn't valid.
    #[error("{0}")]
    Usage(String),
    /// There is nothing to draw on, or it went away.
    #[error(transparent)]
    Canvas(#[from] CanvasError),
    /// The driver refused something that every OpenGL driver must support, or lacks something that not every driver has.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// `--require-hardware`, `--expect-renderer` or `--fail-below` isn't met.
    #[error("{0}")]
    Requirement(String),
    #[error(transparent)]
    OutputFile(#[from] OutputFileError),
    #[error(transparent)]
    Report(#[from] ReportFileError),
    #[error(transparent)]
    Output(#[from] OutputError),
    /// An operating system call failed that normally never does.
    #[error("{0}")]
    System(#[from] io::Error),
}

impl Error {
    /// The process's exit code, as documented in `--help` and the README.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage(_) => 2,
            Error::Canvas(CanvasError::Lost { .. } | CanvasError::Resized | CanvasError::GpuHangs(_)) => 1,
            Error::Canvas(_) => 3,
            Error::Requirement(_) => 4,
            Error::OutputFile(_) | Error::Output(_) => 5,
            Error::Render(_) | Error::Report(_) | Error::System(_) => 1,
        }
    }
}
