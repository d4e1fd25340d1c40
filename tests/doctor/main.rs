//! `rust-gears doctor` on machines with something wrong, each really made so: the first cause it names is the right one.
//!
//! No engine is needed: what a process sees of the machine is changed in a mount namespace of its own. What needs real
//! containers is in containers.test.sh beside this file.

mod cases;
mod gpu;
mod healthy;
mod hostile;
mod injected;
mod libraries;
mod rights;
mod support;
mod x;
