//! The requested display, as far as it can be known without connecting.

use super::authority::{self, Authority};
use super::display_name::{DisplayName, SOCKETS};
use serde::{Deserialize, Serialize};

/// An X server that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Display {
    /// The name, verbatim.
    pub asked: String,
    /// The parsed name; `None` if it isn't a display's name.
    pub name: Option<DisplayName>,
    /// This machine's own name, which cookies may be bound to.
    pub hostname: String,
    pub authority: Authority,
    /// The X servers whose sockets are here: the first of them, by number.
    pub sockets: Vec<String>,
    /// How many more there are.
    #[serde(default)]
    pub more_sockets: usize,
}

/// How many servers are listed at most. Anybody may create files in their folder.
const LISTED: usize = 12;

/// Gathers everything about the display `asked` without connecting to its server.
pub fn display(asked: &str, hostname: &str) -> Display {
    let folder = std::fs::read_dir(SOCKETS).into_iter().flatten().flatten();
    let names = folder.map(|socket| socket.file_name().to_string_lossy().into_owned());
    let (sockets, more_sockets) = listed(names);
    Display {
        asked: asked.to_owned(),
        name: DisplayName::parse(asked),
        hostname: hostname.to_owned(),
        authority: authority::find(),
        sockets,
        more_sockets,
    }
}

/// The first of the displays whose sockets have these names, by number, and how many more there are.
fn listed(names: impl Iterator<Item = String>) -> (Vec<String>, usize) {
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mut numbers: Vec<u16> =
        names.filter_map(|name| name.strip_prefix('X').filter(is_number)?.parse().ok()).collect();
    numbers.sort_unstable();
    let more = numbers.len().saturating_sub(LISTED);
    (numbers.iter().take(LISTED).map(|number| format!(":{number}")).collect(), more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_listed_by_number_a_few_of_them_and_nothing_else() {
        let names = |names: &[&str]| listed(names.iter().map(|name| name.to_string()));
        let odd = ["X10", "X2", "X", "Xx", "X+3", "X-1", "1", "X1.lock", "X99999999999", "\u{1b}[2J"];
        assert_eq!(names(&odd), (vec![":2".into(), ":10".into()], 0));
        let (some, more) = listed((0..60_000).rev().map(|number| format!("X{number}")));
        assert_eq!((some.len() + more, some.last().map(String::as_str)), (60_000, Some(":11")));
    }
}
