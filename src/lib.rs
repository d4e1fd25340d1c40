//! rust-gears: glxgears that says which GPU drew, whether one drew at all, and what passing it into a container cost.
//!
//! ```text
//! argv ──cli──▶ Options ──platform──▶ window or device ──┐
//!                                                        ├─ session: draw, end the frame, time it ──stats──▶ report
//! scene (numbers) ──render (OpenGL objects) ─────────────┘
//! ```
//!
//! Each arrow goes one way, and so do imports: `scene`, `stats`, `report`, `cli`, `capture` and `renderer` know no
//! OpenGL and no windows, and `console` knows no other room; `render` knows the scene and glow; `platform` knows winit and glutin and never `render`;
//! `session` joins them, and so does `bench`, which measures each part of a frame's way apart. A test
//! (`tests/architecture.rs`) holds this. `web` is another program, the web server of the image `isolated`, and knows none
//! of them.

pub mod bench;
pub mod canvas;
pub mod capture;
pub mod cli;
pub mod console;
pub mod devices;
pub mod display_name;
pub mod doctor;
pub mod error;
pub mod output_file;
pub mod platform;
pub mod render;
pub mod renderer;
pub mod report;
pub mod report_file;
pub mod request;
pub mod scene;
pub mod session;
pub mod signals;
pub mod stage_name;
pub mod stats;
