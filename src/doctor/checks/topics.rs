//! The report's topics, in order, and what it says about each if nothing is wrong.

use super::{Finding, Level, libraries};
use crate::doctor::facts::{Authority, AuthorityFile, Drawn, Facts, OTHER_ENGINE, Outcome, Role, XAnswer};

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Container,
    Display,
    XServer,
    Libraries,
    Gpu,
    /// The GPU's driver: its libraries and the lists that name them.
    Driver,
    Devices,
    Glx,
    Egl,
    OffScreen,
    Picture,
    Renderer,
    /// Vulkan, which the gears do without.
    Vulkan,
}

impl Topic {
    /// All topics, causes before consequences.
    pub const ALL: [Topic; 13] = [
        Topic::Container,
        Topic::Display,
        Topic::XServer,
        Topic::Libraries,
        Topic::Gpu,
        Topic::Driver,
        Topic::Devices,
        Topic::Glx,
        Topic::Egl,
        Topic::OffScreen,
        Topic::Picture,
        Topic::Renderer,
        Topic::Vulkan,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Topic::Container => "container",
            Topic::Display => "display",
            Topic::XServer => "X server",
            Topic::Libraries => "libraries",
            Topic::Gpu => "GPU",
            Topic::Driver => "driver",
            Topic::Devices => "EGL devices",
            Topic::Glx => "GLX window",
            Topic::Egl => "EGL window",
            Topic::OffScreen => "off-screen",
            Topic::Picture => "picture",
            Topic::Renderer => "renderer",
            Topic::Vulkan => "Vulkan",
        }
    }

    /// What to say if no row fired; `None`: nothing.
    pub(super) fn unremarkable(self, facts: &Facts) -> Option<Finding> {
        let (level, seen) = match self {
            Topic::Container => (Level::Ok, container(facts)),
            Topic::Display => (Level::Ok, display(facts)?),
            Topic::XServer => x_server(facts)?,
            Topic::Libraries => (Level::Ok, loaded(facts)?),
            Topic::Gpu => gpu(facts),
            Topic::Driver => (Level::Ok, driver(facts)?),
            Topic::Devices => devices(facts)?,
            Topic::Glx => window(facts, &facts.glx)?,
            Topic::Egl => window(facts, &facts.egl)?,
            Topic::OffScreen => drawn(&facts.off_screen)?,
            Topic::Picture => (Level::Ok, picture(facts)?),
            Topic::Renderer => return None,
            Topic::Vulkan => (Level::Ok, vulkan(facts)?),
        };
        Some(Finding { row: None, level, topic: self, seen, cause: None, fix: None, consequences: Vec::new() })
    }
}

fn container(facts: &Facts) -> String {
    let container = &facts.container;
    let engine = match container.engine.as_deref() {
        None => "no container".to_owned(),
        Some(OTHER_ENGINE) => "a container of an engine that leaves no sign".to_owned(),
        Some(engine) => format!("a container of {engine}"),
    };
    let label = container.security_label.as_ref().map(|label| format!(", {label}")).unwrap_or_default();
    let injection = facts.injection().words();
    format!("{engine}, user {}, kernel {}{label}; {injection}", container.uid, container.kernel)
}

fn display(facts: &Facts) -> Option<String> {
    let display = facts.display.as_ref()?;
    let place = facts.reach.done().map(|place| format!(" at {place}")).unwrap_or_default();
    Some(format!("{}{place}, {}", display.asked, cookies(&display.authority)))
}

fn cookies(authority: &Authority) -> String {
    match (&authority.file, &authority.path) {
        (AuthorityFile::Cookies { cookies, .. }, Some(path)) if !cookies.is_empty() => {
            format!("cookies in {path}")
        }
        _ => "no cookie, and none was asked for".into(),
    }
}

fn x_server(facts: &Facts) -> Option<(Level, String)> {
    match &facts.x {
        Outcome::Done(XAnswer::Welcome(server)) => {
            let glx = server.glx_vendor.as_ref().map(|vendor| format!(", GLX of {vendor}")).unwrap_or_default();
            Some((Level::Ok, format!("{}, release {}{glx}", server.vendor, server.release)))
        }
        _ => {
            facts.display.as_ref()?;
            Some((Level::Skipped, "there is no connection to it".into()))
        }
    }
}

fn loaded(facts: &Facts) -> Option<String> {
    if facts.libraries.is_empty() {
        return None;
    }
    let all = |role| {
        facts.libraries.iter().filter(move |library| library.role == role).all(|l| l.loaded.done().is_some())
    };
    let windows = if all(Role::Window) && facts.keyboard_data { "windows can open" } else { "no windows" };
    let broken = libraries::broken_names(facts);
    let broken = if broken.is_empty() { String::new() } else { format!("; not to be loaded: {broken}") };
    Some(format!("libglvnd loads, {windows}{broken}"))
}

fn gpu(facts: &Facts) -> (Level, String) {
    let mut parts: Vec<String> = Vec::new();
    if let Some(nvml) = facts.nvml.done() {
        parts.extend(nvml.gpus.iter().map(|gpu| gpu.name.clone()).filter(|name| !name.is_empty()));
    }
    let nodes: Vec<&str> =
        facts.nodes().iter().filter(|node| node.errno.is_none()).map(|node| node.path.as_str()).collect();
    if !nodes.is_empty() {
        parts.push(format!("opens: {}", nodes.join(" ")));
    }
    match parts.as_slice() {
        [] => (Level::Skipped, "no device node of a GPU is here".into()),
        parts => (Level::Ok, parts.join("; ")),
    }
}

fn driver(facts: &Facts) -> Option<String> {
    let mut parts = Vec::new();
    if facts.loads("libGLX_nvidia.so.0") || facts.loads("libEGL_nvidia.so.0") {
        let version = facts.nvidia_kernel_driver.as_deref().unwrap_or("of unknown version");
        parts.push(format!("NVIDIA {version}"));
    }
    if facts.loads("libGLX_mesa.so.0") || facts.loads("libEGL_mesa.so.0") {
        parts.push("Mesa".into());
    }
    let vendors: Vec<&String> = facts.vendor_files.iter().filter_map(|file| file.library.as_ref().ok()).collect();
    let vendors: Vec<&str> = vendors.into_iter().map(String::as_str).collect();
    (!parts.is_empty()).then(|| format!("{}; EGL vendor files name {}", parts.join(" and "), vendors.join(", ")))
}

fn devices(facts: &Facts) -> Option<(Level, String)> {
    match &facts.devices {
        Outcome::Done(devices) => {
            let labels: Vec<&str> = devices.iter().map(|device| device.label.as_str()).collect();
            Some((Level::Ok, labels.join(", ")))
        }
        Outcome::NotTried(why) => Some((Level::Skipped, why.clone())),
        _ => None,
    }
}

fn window(facts: &Facts, outcome: &Outcome<Drawn>) -> Option<(Level, String)> {
    facts.display.as_ref()?;
    drawn(outcome)
}

fn drawn(outcome: &Outcome<Drawn>) -> Option<(Level, String)> {
    match outcome {
        Outcome::Done(drawn) => {
            Some((Level::Ok, format!("{} ({}), {:.0} FPS", drawn.renderer.renderer, drawn.kind, drawn.fps)))
        }
        Outcome::NotTried(why) => Some((Level::Skipped, why.clone())),
        _ => None,
    }
}

/// Only if Vulkan's loader is here.
fn vulkan(facts: &Facts) -> Option<String> {
    let names: Vec<&str> = facts.vulkan.done()?.iter().map(|device| device.name.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn picture(facts: &Facts) -> Option<String> {
    let all = [&facts.glx, &facts.egl, &facts.off_screen];
    let shares = all.into_iter().filter_map(|outcome| outcome.done()?.right_pixels);
    let worst = shares.reduce(f64::min)?;
    Some(format!("{:.1} % of the pixels are as they should be", worst * 100.0))
}
