//! Everything that can end a run, and the exit code of each.

use crate::canvas::CanvasError;
use crate::console::OutputError;
use crate::output_file::OutputFileError;
use crate::render::RenderError;
use crate::report_file::ReportFileError;
use std::io;

/// Why a run failed. The text is for the user: what happened, why, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),
    /// There is nothing to draw on, or what there is went away.
    #[error(transparent)]
    Canvas(#[from] CanvasError),
    /// A driver that refuses what every OpenGL 3.3 has to take.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// `--require-hardware` or `--expect-renderer` is not met.
    #[error("{0}")]
    Requirement(String),
    /// A file cannot be written.
    #[error(transparent)]
    OutputFile(#[from] OutputFileError),
    /// A report cannot be read.
    #[error(transparent)]
    Report(#[from] ReportFileError),
    /// Standard output cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The operating system refused something that never fails.
    #[error("{0}")]
    System(#[from] io::Error),
}

impl Error {
    /// The process's exit code, as `--help` and the README tell.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage(_) => 2,
            Error::Canvas(CanvasError::Lost { .. } | CanvasError::GpuHangs(_)) => 1,
            Error::Canvas(_) => 3,
            Error::Requirement(_) => 4,
            Error::OutputFile(_) | Error::Output(_) => 5,
            Error::Render(_) | Error::Report(_) | Error::System(_) => 1,
        }
    }
}
