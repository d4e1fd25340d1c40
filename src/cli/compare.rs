//! `rust-gears compare`: its options.

use crate::request::{Compare, Judging, SAME_WITHIN};
use std::path::PathBuf;

const READING: &str = "\
A row's ratio is the second file's speed divided by the first's. The intervals of all rows of a table contain the true
ratios with 99 % confidence (Bonferroni). The result is

  same         if the interval lies within 3 % of 1 (--same-within)
  slower,      if the interval doesn't contain 1 even if it is widened by how much two runs of the same program on the
  faster       same machine can differ: 1 %, or 3 % for software rendering with one run each
  cannot tell  otherwise

Rounds that took turns (bench --against, as in scripts/bench) are compared pair by pair, which cancels out whatever slows
down both: the ratio is the 20 % trimmed mean of theirs, with the interval of Tukey and McLaughlin. Other rounds are
independent samples (Welch's interval).

A file may contain several reports, one after the other. Then each report is one sample (the median of its rounds), and
two files with the same number of reports are compared pair by pair. The file name - means standard input.

Exit codes: see rust-gears --help; 4 if --fail-below isn't met.";

/// Compares reports of `rust-gears bench --json`, stage by stage.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = READING)]
pub struct CompareArgs {
    /// The reference report, then the reports to compare with it
    #[arg(value_name = "FILE.json", required = true, num_args = 2..)]
    files: Vec<PathBuf>,

    /// Exit with status 4 if a stage is slower with a ratio below this, can't be compared, or if compare cannot tell
    #[arg(long, value_name = "RATIO", value_parser = parse_ratio)]
    fail_below: Option<f64>,

    /// Call two speeds the same if they certainly differ by no more than this fraction
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction, default_value_t = SAME_WITHIN)]
    same_within: f64,

    /// Print the table as Markdown
    #[arg(long)]
    markdown: bool,
}

impl CompareArgs {
    pub(super) fn request(self) -> Compare {
        let judging = Judging { same_within: self.same_within, fail_below: self.fail_below };
        Compare { files: self.files, judging, markdown: self.markdown }
    }
}

pub(super) fn parse_fraction(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(fraction) if fraction > 0.0 && fraction < 1.0 => Ok(fraction),
        _ => Err("not a fraction between 0 and 1; write 0.03 for 3 %".into()),
    }
}

pub(super) fn parse_ratio(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(ratio) if ratio.is_finite() && ratio > 0.0 => Ok(ratio),
        _ => Err("not a ratio; write 0.95 to allow for 5 % less speed".into()),
    }
}
