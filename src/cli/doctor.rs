//! `rust-gears doctor`: what was typed.

use clap::Args;
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0    a GPU draws where the gears would be drawn: in a window where DISPLAY is set, else off-screen
  2    the command line, or the report given, makes no sense
  4    no GPU draws, or its picture is wrong; software may draw";

/// Looks at this container and tries to draw in every way; says what is missing and how to mend it.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXIT_CODES)]
pub struct DoctorArgs {
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,

    /// Explain a report that `doctor --json` made elsewhere; - reads standard input
    #[arg(long, value_name = "REPORT.json")]
    pub from: Option<PathBuf>,

    /// Print everything that doctor knows: number, symptom, cause, fix
    #[arg(long, conflicts_with = "from")]
    pub list: bool,

    /// One trial, in a process of its own: how doctor starts itself
    #[arg(long, hide = true, exclusive = true)]
    pub trial: Option<String>,
}
