//! `rust-gears doctor`: its options.

use crate::request::Doctor;
use clap::Args;
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0    a GPU draws where the gears would be drawn: in a window if DISPLAY is set, otherwise off-screen
  2    the command line, or the report, isn't valid
  4    no GPU draws (software may), or its picture is wrong";

/// Checks this container and tries every way to draw; says what is missing and how to fix it.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXIT_CODES)]
pub struct DoctorArgs {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,

    /// Explain a report that `doctor --json` wrote elsewhere; - reads standard input
    #[arg(long, value_name = "REPORT.json")]
    from: Option<PathBuf>,

    /// Print everything that doctor knows: number, symptom, cause and fix
    #[arg(long, conflicts_with = "from")]
    list: bool,

    /// Run one trial; doctor starts itself this way
    #[arg(long, hide = true, exclusive = true)]
    trial: Option<String>,
}

impl DoctorArgs {
    pub(super) fn request(self) -> Doctor {
        let json = self.json;
        match (self.trial, self.from) {
            (Some(trial), _) => Doctor::Trial(trial),
            (None, Some(report)) => Doctor::Explain { report, json },
            (None, None) if self.list => Doctor::List { json },
            (None, None) => Doctor::Examine { json },
        }
    }
}
