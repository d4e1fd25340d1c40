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

    /// Whether both names are the same device's, whatever versions of a compiler or the kernel they mention.
    pub fn is_same_device(&self, other: &Renderer) -> bool {
        let device = |renderer: &Renderer| -> Vec<String> {
            parts(&renderer.renderer).filter(|part| !is_version(part)).map(str::to_owned).collect()
        };
        device(self) == device(other)
    }

    /// The versions that only one of two names of the same device mentions: `LLVM 15.0.6 and LLVM 19.1.7`.
    pub fn other_versions(&self, other: &Renderer) -> Option<String> {
        let only = |a: &Renderer, b: &Renderer| -> Vec<String> {
            let is_in_b = |part: &str| parts(&b.renderer).any(|other| other == part);
            let differing = parts(&a.renderer).filter(|part| is_version(part) && !is_in_b(part));
            differing.map(str::to_owned).collect()
        };
        let sides = [only(self, other), only(other, self)].map(|versions| versions.join(", "));
        let is_equal = sides.iter().all(String::is_empty);
        (self.is_same_device(other) && !is_equal).then(|| {
            sides.map(|versions| if versions.is_empty() { "none".into() } else { versions }).join(" and ")
        })
    }

    /// Whether a GPU draws. OpenGL can't tell (llvmpipe's configurations claim to be hardware-accelerated), but the
    /// name can.
    pub fn kind(&self) -> Kind {
        let name = self.renderer.to_lowercase();
        if SOFTWARE.iter().any(|software| name.contains(software)) { Kind::Software } else { Kind::Hardware }
    }
}

/// The parts of a renderer's name: `llvmpipe (LLVM 15.0.6, 256 bits)` has three.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(['(', ')', ',']).map(str::trim).filter(|part| !part.is_empty())
}

/// Mesa's drivers add versions: of LLVM, of the kernel's graphics drivers (`DRM 3.54`), and of the kernel
/// (`6.1.0-13-amd64`).
fn is_version(part: &str) -> bool {
    let starts_with_digit = part.starts_with(|c: char| c.is_ascii_digit());
    part.starts_with("LLVM ") || part.starts_with("DRM ") || (starts_with_digit && part.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_do_not_make_another_device() {
        let renderer =
            |name: &str| Renderer { renderer: name.into(), vendor: String::new(), version: String::new() };
        for (a, b, versions) in [
            (
                "llvmpipe (LLVM 15.0.6, 256 bits)",
                "llvmpipe (LLVM 19.1.7, 256 bits)",
                Some("LLVM 15.0.6 and LLVM 19.1.7"),
            ),
            (
                "AMD Radeon RX 6800 (radeonsi, navi21, LLVM 15.0.7, DRM 3.49, 6.1.0-13-amd64)",
                "AMD Radeon RX 6800 (radeonsi, navi21, LLVM 15.0.7, DRM 3.57, 6.12.1)",
                Some("DRM 3.49, 6.1.0-13-amd64 and DRM 3.57, 6.12.1"),
            ),
            ("NVIDIA H200/PCIe/SSE2", "NVIDIA H200/PCIe/SSE2", None),
        ] {
            assert!(renderer(a).is_same_device(&renderer(b)), "{a}, {b}");
            assert_eq!(renderer(a).other_versions(&renderer(b)).as_deref(), versions);
        }
        for (a, b) in [
            ("llvmpipe (LLVM 15.0.6, 256 bits)", "llvmpipe (LLVM 15.0.6, 512 bits)"),
            ("NVIDIA A100/PCIe/SSE2", "NVIDIA H200/PCIe/SSE2"),
            ("AMD Radeon (radeonsi, navi21, LLVM 15.0.7)", "AMD Radeon (radeonsi, navi22, LLVM 15.0.7)"),
        ] {
            assert!(!renderer(a).is_same_device(&renderer(b)), "{a}, {b}");
            assert_eq!(renderer(a).other_versions(&renderer(b)), None);
        }
    }

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
