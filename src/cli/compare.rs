//! `rust-gears compare`: what was typed.

use std::path::PathBuf;

const READING: &str = "\
A row's ratio is the second file's speed divided by the first's. Its interval holds the true ratio: all rows of a table
do, with 99 % confidence (Bonferroni). It is widened by what two runs of one program on one machine differ by anyhow:
1 %, and 3 % where software draws and there is one run of either. Where it contains 1, the two are the \"same\".

Rounds that took turns (bench --against, as in scripts/bench) are compared pair by pair, so that what slows down both
does not matter: the 20 % trimmed mean of their ratios, with the interval of Tukey and McLaughlin. Other rounds are
independent samples (Welch's interval).

A file may hold several reports, one after the other. Then each report counts as one sample, the median of its rounds;
two files with the same number of reports are compared pair by pair. - reads standard input.

Exit codes: as in rust-gears --help; 4 where --fail-below is not met, or nothing could be compared.";

/// Compares reports of `rust-gears bench --json`, stage by stage.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = READING)]
pub struct CompareArgs {
    /// The report to compare with, then those to compare
    #[arg(value_name = "FILE.json", required = true, num_args = 2..)]
    pub files: Vec<PathBuf>,

    /// Fail with exit code 4 where a stage is slower and its ratio below this, or cannot be compared
    #[arg(long, value_name = "RATIO", value_parser = parse_ratio)]
    pub fail_below: Option<f64>,

    /// Print Markdown
    #[arg(long)]
    pub markdown: bool,
}

pub(super) fn parse_ratio(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(ratio) if ratio.is_finite() && ratio > 0.0 => Ok(ratio),
        _ => Err("not a ratio; write 0.95 to allow for 5 % less speed".into()),
    }
}
