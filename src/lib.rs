//! rust-gears: a glxgears that says which GPU drew, whether one drew at all, and what passing it into a container
//! cost.
//!
//! `docs/architecture.md` shows the rooms, which of them know which, and how to add to them. `tests/architecture`
//! enforces it.

pub mod advice;
pub mod bench;
pub mod canvas;
pub mod capture;
pub mod cli;
pub mod console;
pub mod devices;
pub mod doctor;
pub mod error;
pub mod gears;
pub mod machine;
pub mod output_file;
pub mod render;
pub mod renderer;
pub mod report_file;
pub mod request;
pub mod scene;
pub mod signals;
pub mod stage_name;
pub mod stats;
pub mod text_table;
