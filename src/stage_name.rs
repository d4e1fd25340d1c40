//! The names of the benchmark's stages.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    /// glxgears' scene, off-screen and, if there is a display, on-screen.
    Classic,
    /// Many small draw calls: measures the cost of the driver.
    Submit,
    /// Vertices that are computed for each frame and streamed to the GPU.
    Upload,
    /// Many gears, tiny on the screen.
    Vertex,
    /// Large gears on top of each other.
    Fill,
    /// Pictures read back from the GPU.
    Readback,
    /// The cost of presenting a frame: classic on-screen minus off-screen.
    Present,
    /// Classic without timer queries and frame times, which reveals the cost of measuring.
    #[value(hide = true)]
    Bare,
}

impl StageName {
    /// The name on the command line.
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
