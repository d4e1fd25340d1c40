//! `rust-gears doctor`: what was typed.

use clap::Args;
use std::path::PathBuf;

/// Looks at this container and tries to draw in every way; says what is missing and how to mend it.
///
/// Exit codes: 0 where a GPU draws, 4 where none does (also where software draws), 2 where the command line or the
/// report given makes no sense.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,

    /// Explain a report that `doctor --json` made elsewhere
    #[arg(long, value_name = "REPORT.json")]
    pub from: Option<PathBuf>,

    /// Print everything that doctor knows: number, symptom, cause, fix
    #[arg(long, conflicts_with = "from")]
    pub list: bool,

    /// One trial, in a process of its own: how doctor starts itself
    #[arg(long, hide = true, exclusive = true)]
    pub trial: Option<String>,
}
