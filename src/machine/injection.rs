//! How an NVIDIA GPU got into a container.

use super::Container;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injection {
    None,
    /// Through NVIDIA's runtime or its hook.
    Hook,
    /// Through a CDI specification.
    Cdi,
    /// By hand: `--device` and `-v`.
    ByHand,
    /// There is no container; the GPU is the machine's own.
    Host,
}

impl Injection {
    /// Recognises the way by what it leaves behind. `is_given`: something of an NVIDIA GPU is here. `variable`
    /// returns environment variables that are set and not empty. CDI sets NVIDIA_VISIBLE_DEVICES=void, which disables
    /// the older hook, or NVIDIA_CTK_LIBCUDA_DIR.
    pub fn of<'a>(is_given: bool, container: &Container, variable: impl Fn(&str) -> Option<&'a str>) -> Injection {
        if !is_given {
            Injection::None
        } else if container.engine.is_none() {
            Injection::Host
        } else if variable("NVIDIA_CTK_LIBCUDA_DIR").is_some()
            || variable("NVIDIA_VISIBLE_DEVICES") == Some("void")
        {
            Injection::Cdi
        } else if variable("NVIDIA_VISIBLE_DEVICES").is_some()
            || container.nvidia_mounts.iter().any(|mount| mount == "/proc/driver/nvidia")
        {
            Injection::Hook
        } else {
            Injection::ByHand
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Injection::None => "no NVIDIA GPU was passed in",
            Injection::Hook => "NVIDIA GPU passed in by NVIDIA's runtime",
            Injection::Cdi => "NVIDIA GPU passed in through CDI",
            Injection::ByHand => "NVIDIA GPU passed in by hand, or through CDI of an old toolkit",
            Injection::Host => "NVIDIA GPU of this machine",
        }
    }
}
