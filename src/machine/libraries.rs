//! The shared libraries that drawing needs, and loading one.

/// What winit and glutin dlopen for a window, and the Debian package each is in. They report none of these by name.
/// Those that others need come first, so that the one that is missing is named.
/// GL itself is not here: either of libGL and libEGL will do, and the chain of attempts tells.
pub const WINDOW_LIBRARIES: &[(&str, &str)] = &[
    ("libxcb.so.1", "libxcb1"),
    ("libX11.so.6", "libx11-6"),
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libXrender.so.1", "libxrender1"),
    ("libXcursor.so.1", "libxcursor1"),
    ("libXi.so.6", "libxi6"),
    ("libxkbcommon.so.0", "libxkbcommon0"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
];

/// What NVIDIA's GLX dlopens on an X server that is not its own, saying nothing where one is missing, and the Debian
/// package each is in.
pub const NVIDIA_GLX_LIBRARIES: &[(&str, &str)] = &[
    ("libXext.so.6", "libxext6"),
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libxcb-dri3.so.0", "libxcb-dri3-0"),
    ("libxcb-glx.so.0", "libxcb-glx0"),
    ("libxcb-present.so.0", "libxcb-present0"),
    ("libxcb-randr.so.0", "libxcb-randr0"),
    ("libxcb-sync.so.1", "libxcb-sync1"),
    ("libxcb-xfixes.so.0", "libxcb-xfixes0"),
    ("libdrm.so.2", "libdrm2"),
];

/// Loads a shared library and keeps it loaded: whoever needs it dlopens it again right after.
///
/// # Errors
/// What dlopen said.
#[expect(unsafe_code)]
pub fn load(library: &str) -> Result<(), String> {
    // SAFETY: system libraries run no constructors that a second dlopen, by winit, glutin or GL, would not run, too.
    let loaded = unsafe { libloading::Library::new(library) };
    loaded.map(std::mem::forget).map_err(|e| innermost(&e))
}

/// The last error of a chain: libloading's own text is only "dlopen failed"; its source has the linker's words.
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_checked_for_every_library() {
        let checked = include_str!("../../scripts/lib/libraries.tsv");
        for (library, _) in WINDOW_LIBRARIES {
            assert!(checked.contains(&format!("{library}\tthe program")), "{library}");
        }
    }

    #[test]
    fn the_linkers_own_words_are_kept() {
        let words = load("libthere-is-none.so.7").unwrap_err();
        assert!(words.contains("libthere-is-none.so.7: cannot open shared object file"), "{words}");
    }
}
