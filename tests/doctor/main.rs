//! `rust-gears doctor` on machines that are really broken in one way each: the first cause that it names is the right one.
//!
//! No engine is needed: a mount namespace changes what the process sees of the machine. What needs real containers is in
//! tests/container/doctor.test.sh.

mod cases;
mod gpu;
mod healthy;
mod hostile;
mod injected;
mod libraries;
mod machine;
mod rights;
#[path = "../support/mod.rs"]
mod support;
mod x;
