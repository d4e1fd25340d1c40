//! The texts that doctor's rows and the program's own messages share.

use super::Advice;

/// A cause and a fix without values in them.
#[derive(Clone, Copy)]
pub struct Known {
    pub cause: &'static str,
    pub fix: &'static str,
}

pub const RAISE_FILE_LIMIT: &str =
    "raise the limit, which `ulimit -n` prints; in a container: --ulimit nofile=1024";

pub const NO_KEYBOARD_DATA: Known = Known {
    cause: "the image lacks the keyboard layouts, which a window needs",
    fix: "in the image: apt-get install xkb-data; or draw without a window: --off-screen",
};

pub const EXTENSIONS_MISSING: Known = Known {
    cause: "the X server was started without extensions that a window needs, or is too old to have them",
    fix: "start the X server with them (Xvfb and Xvnc: +extension RANDR), or draw without a window: --off-screen",
};

pub const NO_GPU_GIVEN: Known =
    Known { cause: "the machine has a GPU, but none was passed into this container", fix: ASK_FOR_GPU };

pub const DRIVER_HANGS: Known = Known {
    cause: "the driver hangs while it is used, or the GPU was reset",
    fix: "look on the host for the driver's own messages (sudo dmesg | grep -i -e xid -e drm); a reboot frees a GPU that \
          hangs",
};

pub const ASK_FOR_GPU: &str =
    "--gpus all, or --device nvidia.com/gpu=all, or --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=all";

pub const ASK_FOR_GRAPHICS: &str = "-e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display";

pub const INSTALL_DRIVER: &str =
    "install the complete driver (Debian: nvidia-driver-libs; Ubuntu: libnvidia-gl-<version>)";

pub const INSTALL_MESA: &str =
    "in the image: apt-get install libegl-mesa0 libgl1-mesa-dri, or use rust-gears:mesa";

/// How to install Debian packages in an image.
pub fn install(packages: &[&str]) -> String {
    if packages.is_empty() {
        return "in the image: install the packages they are in (apt-file search)".into();
    }
    format!("in the image: apt-get install --no-install-recommends {}", packages.join(" "))
}

/// Libraries in these packages are missing, and no window opens without them.
pub fn window_libraries(packages: &[&str]) -> Advice {
    Advice::new(
        "the image lacks libraries without which no window opens",
        format!("{}; or draw without a window: --off-screen", install(packages)),
    )
}

/// libglvnd's variable chooses the OpenGL of `vendor`, beside NVIDIA's.
pub fn vendor_variable(vendor: &str) -> Advice {
    Advice::new(
        format!("__GLX_VENDOR_LIBRARY_NAME={vendor} chooses it, beside a GPU"),
        "-e __GLX_VENDOR_LIBRARY_NAME=nvidia, or leave it out",
    )
}

/// Mesa's variables that make it offer another version than it could, each with what it may keep from the gears.
const VERSION_OVERRIDES: [(&str, &str); 2] =
    [("MESA_GL_VERSION_OVERRIDE", "OpenGL 2.1"), ("MESA_GLES_VERSION_OVERRIDE", "OpenGL ES 2.0")];

/// The driver offers less than `needed`, such as `OpenGL 2.1 or OpenGL ES 2.0`. `variable` reads the environment.
pub fn too_old(needed: &str, variable: impl Fn(&str) -> Option<String>) -> Advice {
    let mut needed = VERSION_OVERRIDES.iter().filter(|(_, version)| needed.contains(version));
    let fix = match needed.find_map(|(name, _)| Some((name, variable(name)?))) {
        Some((name, value)) => {
            format!("unset the environment variable {name}={value}, which may be what lowers it")
        }
        None => "update the driver; if the GPU itself can do no more, draw with Mesa in software: set \
                 LIBGL_ALWAYS_SOFTWARE=1"
            .into(),
    };
    Advice::new(
        "a driver is here and works, but it offers an older OpenGL than the 2.1 (or OpenGL ES than the 2.0) that the \
         gears need",
        fix,
    )
}
