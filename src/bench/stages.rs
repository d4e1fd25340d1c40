//! The table of stages. What each draws is in [`crate::render::workload`].

use crate::canvas::Target;
use crate::render::workload::{Classic, GearGrid, Readback, Upload, Workload};
use crate::render::{Framebuffer, Functions, Gears, RenderError};
use crate::request::DEFAULT_SIZE;
use crate::stage_name::StageName;
use std::rc::Rc;

/// What a stage does and measures.
pub struct Spec {
    pub stage: StageName,
    pub target: Target,
    pub size: Size,
    /// The unit of its figure.
    pub unit: &'static str,
    /// How much of the workload's unit makes one of the figure's unit.
    pub work_per_unit: f64,
    /// The figure put another way.
    pub also: fn(f64) -> Option<String>,
    /// The smallest load it may choose: large enough that drawing once is a small part of the readbacks.
    pub min_load: u32,
    /// The largest load; 1 means that there is nothing to choose.
    pub max_load: u32,
    /// The load is a number of gears, which the user may set.
    pub is_load_gears: bool,
    /// Its frames wait for transfers between CPU and GPU.
    pub is_bus: bool,
    /// Whether frame times and GPU times are measured.
    pub is_instrumented: bool,
    /// Creates what it draws.
    pub build: fn(&Setup) -> Result<Box<dyn Workload>, RenderError>,
}

/// What a stage is made from.
pub struct Setup<'a> {
    pub gl: &'a Functions,
    /// glxgears' scene.
    pub gears: &'a Rc<Gears>,
    /// The framebuffer for off-screen stages.
    pub framebuffer: Option<&'a Rc<Framebuffer>>,
    pub size: (u32, u32),
}

/// The size of a stage's picture.
pub enum Size {
    /// The window's size, so that off-screen and on-screen figures measure the same picture even if a window manager
    /// chose its size.
    Window,
    /// The size of a common screen.
    Screen,
}

impl Size {
    /// Width and height, given the window's size and the size that the user asked for.
    pub fn pixels(&self, window: Option<(u32, u32)>, asked: Option<(u32, u32)>) -> (u32, u32) {
        match self {
            Size::Window => window.or(asked).unwrap_or(DEFAULT_SIZE),
            Size::Screen => asked.unwrap_or((1920, 1080)),
        }
    }
}

/// What the stages have in common.
const COMMON: Spec = Spec {
    stage: StageName::Classic,
    target: Target::OffScreen,
    size: Size::Window,
    unit: "FPS",
    work_per_unit: 1.0,
    also: |_| None,
    min_load: 1,
    max_load: 1,
    is_load_gears: false,
    is_bus: false,
    is_instrumented: true,
    build: |setup| Ok(Box::new(Classic::new(setup.gears.clone(), setup.size))),
};

/// All measured stages, in the order of the table. Present isn't among them; it is computed from the classic stages.
pub const STAGES: &[Spec] = &[
    COMMON,
    Spec { target: Target::OnScreen, ..COMMON },
    Spec { target: Target::Copied, ..COMMON },
    Spec { stage: StageName::Bare, is_instrumented: false, ..COMMON },
    Spec {
        stage: StageName::Submit,
        unit: "draws/s",
        also: |rate| Some(format!("{:.3} µs/draw", 1e6 / rate)),
        max_load: 1 << 16,
        is_load_gears: true,
        build: |setup| Ok(Box::new(GearGrid::submit(setup.gl)?)),
        ..COMMON
    },
    Spec {
        stage: StageName::Upload,
        unit: "GB/s",
        work_per_unit: 1e9,
        // 4096 gears are 55 MB per frame, and four frames are in flight.
        max_load: 1 << 12,
        is_load_gears: true,
        is_bus: true,
        build: |setup| Ok(Box::new(Upload::new(setup.gl)?)),
        ..COMMON
    },
    Spec {
        stage: StageName::Vertex,
        unit: "Mtriangles/s",
        work_per_unit: 1e6,
        max_load: 1 << 20,
        is_load_gears: true,
        build: |setup| Ok(Box::new(GearGrid::vertices(setup.gl)?)),
        ..COMMON
    },
    Spec {
        stage: StageName::Fill,
        size: Size::Screen,
        unit: "Gpixels/s",
        work_per_unit: 1e9,
        max_load: 1 << 20,
        is_load_gears: true,
        build: |setup| Ok(Box::new(GearGrid::fill(setup.gl, setup.size)?)),
        ..COMMON
    },
    Spec {
        stage: StageName::Readback,
        size: Size::Screen,
        unit: "GB/s",
        work_per_unit: 1e9,
        min_load: 4,
        max_load: 1 << 10,
        is_bus: true,
        build: |setup| {
            let framebuffer = setup.framebuffer.expect("readback is off-screen").clone();
            Ok(Box::new(Readback::new(setup.gl, setup.gears.clone(), framebuffer)?))
        },
        ..COMMON
    },
];

/// The stages to measure, given those `asked` for (all, if empty), in the order of the table.
pub fn chosen(asked: &[StageName], is_possible: impl Fn(Target) -> bool) -> Vec<&'static Spec> {
    let wants = |spec: &Spec| match spec.stage {
        // It takes time, and only answers a question for developers of this program.
        StageName::Bare => asked.contains(&StageName::Bare),
        StageName::Classic if asked.contains(&StageName::Present) => true,
        stage => asked.is_empty() || asked.contains(&stage),
    };
    STAGES.iter().filter(|spec| wants(spec) && is_possible(spec.target)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(asked: &[StageName], has_display: bool) -> Vec<(StageName, Target)> {
        let is_possible = |target| has_display || target == Target::OffScreen;
        chosen(asked, is_possible).iter().map(|spec| (spec.stage, spec.target)).collect()
    }

    #[test]
    fn without_a_display_nothing_is_measured_on_screen() {
        let off_screen = rows(&[], false);
        assert!(off_screen.iter().all(|(_, target)| *target == Target::OffScreen));
        let on_screen: Vec<_> = rows(&[], true).into_iter().filter(|row| !off_screen.contains(row)).collect();
        assert_eq!(on_screen, [Target::OnScreen, Target::Copied].map(|target| (StageName::Classic, target)));
        assert_eq!(rows(&[StageName::Classic], false), [(StageName::Classic, Target::OffScreen)]);
    }

    #[test]
    fn a_window_sized_picture_follows_the_window_and_a_screen_sized_one_does_not() {
        let (window, asked) = (Some((640, 480)), Some((800, 600)));
        assert_eq!(Size::Window.pixels(window, asked), (640, 480));
        assert_eq!(Size::Window.pixels(None, asked), (800, 600));
        assert_eq!(Size::Window.pixels(None, None), (300, 300));
        assert_eq!(Size::Screen.pixels(window, asked), (800, 600));
        assert_eq!(Size::Screen.pixels(Some((300, 300)), None), (1920, 1080));
    }

    #[test]
    fn present_needs_all_classics() {
        let classics =
            [Target::OffScreen, Target::OnScreen, Target::Copied].map(|target| (StageName::Classic, target));
        assert_eq!(rows(&[StageName::Present], true), classics);
    }
}
