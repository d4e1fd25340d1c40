//! Attacks, each as an attacker would make it: through a hostile X server, a report, a folder that somebody else writes to.

mod cache;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
