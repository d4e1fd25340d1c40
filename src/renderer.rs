//! The names of an OpenGL implementation, and whether a GPU is behind it.

use serde::{Deserialize, Serialize};

/// The strings by which an OpenGL context identifies itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Renderer {
    /// `GL_RENDERER`.
    pub renderer: String,
    /// `GL_VENDOR`.
    pub vendor: String,
    /// `GL_VERSION`.
    pub version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Hardware,
    Software,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Hardware => "hardware",
            Kind::Software => "software",
        })
    }
}

/// Names of software rasterisers in lower case, which may occur anywhere in a renderer's name.
const SOFTWARE: &[&str] = &[
    "llvmpipe",
    "softpipe",
    "swrast",
    "software rasterizer",
    "swiftshader",
    "lavapipe",
    "microsoft basic render",
    "apple software renderer",
];

impl Renderer {
    /// Whether this is NVIDIA's own OpenGL, as opposed to Mesa's on an NVIDIA GPU.
    pub fn is_nvidia(&self) -> bool {
        self.vendor.contains("NVIDIA")
    }

    /// The version, beginning with `OpenGL` or `OpenGL ES`.
    pub fn opengl(&self) -> String {
        match self.version.starts_with("OpenGL") {
            true => self.version.clone(),
            false => format!("OpenGL {}", self.version),
        }
    }

    /// Whether a GPU draws. OpenGL can't tell (llvmpipe's configurations claim to be hardware-accelerated), but the
    /// name can.
    pub fn kind(&self) -> Kind {
        let name = self.renderer.to_lowercase();
        if SOFTWARE.iter().any(|software| name.contains(software)) { Kind::Software } else { Kind::Hardware }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_is_known_by_name_wherever_it_stands() {
        let kind = |renderer: &str| {
            Renderer { renderer: renderer.into(), vendor: String::new(), version: String::new() }.kind()
        };
        for software in [
            "llvmpipe (LLVM 15.0.6, 256 bits)",
            "zink Vulkan 1.3(llvmpipe (LLVM 19.1.7, 256 bits) (MESA_LLVMPIPE))",
            "softpipe",
            "Mesa X11 (swrast)",
            "Google SwiftShader",
            "D3D12 (Microsoft Basic Render Driver)",
        ] {
            assert_eq!(kind(software), Kind::Software, "{software}");
        }
        for hardware in
            ["NVIDIA H100 80GB HBM3/PCIe/SSE2", "Mesa Intel(R) UHD Graphics 620", "D3D12 (NVIDIA GeForce)"]
        {
            assert_eq!(kind(hardware), Kind::Hardware, "{hardware}");
        }
    }
}
