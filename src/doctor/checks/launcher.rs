//! Rows that only scripts/run can see: the container never starts, so nobody is in it to look.

use super::Topic;
use super::catalogue::{Group, Id, Row, Text, Words};

pub(super) const ROWS: &[Row] = &[
    row(Id::EngineElsewhere),
    row(Id::NoToolkit),
    row(Id::NoNvidiaRuntime),
    row(Id::NoCdiSpecification),
    row(Id::HookInCdiMode),
    row(Id::HostWithoutDriver),
    row(Id::NoLdconfig),
    row(Id::NoUvm),
];

const fn row(id: Id) -> Row {
    Row { id, topic: Topic::Container, text: Text::Launcher, check: None, group: Group::Launch, because_of: &[] }
}

const TABLE: &str = include_str!("../../../scripts/lib/launch-errors.tsv");

/// The text of a row that scripts/run shows as well.
pub(super) fn words(id: Id) -> Option<Words> {
    let number = id.to_string();
    let fields =
        TABLE.lines().map(|line| line.split('\t').collect::<Vec<_>>()).find(|fields| fields[0] == number)?;
    match fields[..] {
        [_, _, cause, fix, symptom] => Some(Words { symptom, cause, fix }),
        _ => None,
    }
}

/// Number and pattern of each row of the table, in order.
#[cfg(test)]
pub(super) fn patterns() -> Vec<(&'static str, &'static str)> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect::<Vec<_>>()).map(|fields| (fields[0], fields[1])).collect()
}
