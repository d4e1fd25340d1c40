//! The shared libraries that drawing needs, and a function to load one.

/// What winit and glutin load for a window, and the Debian package of each. Their errors don't name these libraries.
/// Dependencies come before the libraries that need them, because the one that is missing should be named. GL isn't
/// in the list: either libGL or libEGL suffices, and the errors of the attempts name them.
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

/// What NVIDIA's GLX loads on an X server that isn't NVIDIA's, silently going on without it if it is missing, and the
/// Debian package of each.
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

/// Loads a shared library and keeps it loaded: whoever needs it loads it again right after.
///
/// # Errors
/// Returns the message of dlopen.
#[expect(unsafe_code)]
pub fn load(library: &str) -> Result<(), String> {
    // SAFETY: system libraries run no constructors that a second dlopen, by winit, glutin or GL, would not run, too.
    let loaded = unsafe { libloading::Library::new(library) };
    loaded.map(std::mem::forget).map_err(|e| innermost(&e))
}

/// The last error of a chain: libloading's own text is only "dlopen failed"; its source has the linker's message.
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
