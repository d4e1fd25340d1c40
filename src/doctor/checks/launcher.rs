//! scripts/lib/launch-errors.tsv: the rows that only the engine's words reveal, because the container never starts
//! and nobody can look inside. Only the table has their numbers. A few rows also exist in doctor, with the table's
//! text.

use super::catalogue::{Id, Words};

const TABLE: &str = include_str!("../../../scripts/lib/launch-errors.tsv");

/// A line of the table.
pub struct LaunchRow {
    pub number: u8,
    pub words: Words,
    /// The thread in which users met it.
    pub thread: &'static str,
}

/// All rows of the table, in its order.
pub fn launch_rows() -> impl Iterator<Item = LaunchRow> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [number, _, cause, fix, symptom, thread] = fields[..] else { panic!("not six fields: {line}") };
        let number = number.parse().expect("a row's number is one");
        LaunchRow { number, words: Words { symptom, cause, fix }, thread }
    })
}

/// The text of a row that doctor sees, too.
pub(super) fn words(id: Id) -> Option<Words> {
    launch_rows().find(|row| row.number == u8::from(id)).map(|row| row.words)
}
