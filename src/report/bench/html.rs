//! One self-contained page.
use super::Report;

/// The page.
pub fn page(_report: &Report) -> String {
    todo!()
}
