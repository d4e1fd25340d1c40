//! The stages of the benchmark, by name.

use serde::{Deserialize, Serialize};

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    /// glxgears' scene, off-screen and, where there is a display, on-screen.
    Classic,
    /// Many small draw calls: the cost of the driver.
    Submit,
    /// Vertices computed each frame and streamed to the GPU.
    Upload,
    /// Many gears, tiny on the screen.
    Vertex,
    /// Large gears over each other.
    Fill,
    /// Pictures read back from the GPU.
    Readback,
    /// What showing a frame costs: classic on-screen less off-screen.
    Present,
    /// Classic without timer queries and frame times: what measuring costs.
    #[value(hide = true)]
    Bare,
}

impl StageName {
    /// The name as typed.
    pub fn text(self) -> &'static str {
        match self {
            StageName::Classic => "classic",
            StageName::Submit => "submit",
            StageName::Upload => "upload",
            StageName::Vertex => "vertex",
            StageName::Fill => "fill",
            StageName::Readback => "readback",
            StageName::Present => "present",
            StageName::Bare => "bare",
        }
    }
}
