//! Attacks, each as an attacker would make it: through a hostile X server, a report, or a folder that others can
//! write to.

mod cache;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
