//! The gears as numbers: their shapes, positions, and how they turn. Everything here is pure; nothing knows OpenGL.
//!
//! All values are those of glxgears (mesa-demos 9.0.0, `src/xdemos/glxgears.c`).

mod camera;
mod mesh;

pub use camera::{Eye, GearTransform, View, transforms};
pub use mesh::{Mesh, SceneMesh, Vertex, gear_mesh, scene_mesh};

/// How fast the red gear turns, in degrees per second. The other two turn twice as fast, backwards.
pub const DEGREES_PER_SECOND: f64 = 70.0;

/// One gear: its shape, its position, and how its angle follows from the red gear's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gear {
    /// Radius of the bore.
    pub inner_radius: f32,
    /// Radius half-way up the teeth.
    pub outer_radius: f32,
    /// Thickness along the axis.
    pub width: f32,
    /// Number of teeth.
    pub teeth: u32,
    /// Height of a tooth, from valley to top.
    pub tooth_depth: f32,
    /// Centre of the gear in the plane that they share.
    pub position: [f32; 2],
    /// Turns of this gear for each turn of the red one; negative: in the opposite direction.
    pub ratio: f64,
    /// Degrees added to the angle to make the teeth mesh.
    pub phase: f64,
    /// Ambient and diffuse colour (red, green, blue), as written in glxgears.
    pub color: [f32; 3],
}

pub const GEARS: [Gear; 3] = [
    Gear {
        inner_radius: 1.0,
        outer_radius: 4.0,
        width: 1.0,
        teeth: 20,
        tooth_depth: 0.7,
        position: [-3.0, -2.0],
        ratio: 1.0,
        phase: 0.0,
        color: [0.8, 0.1, 0.0],
    },
    Gear {
        inner_radius: 0.5,
        outer_radius: 2.0,
        width: 2.0,
        teeth: 10,
        tooth_depth: 0.7,
        position: [3.1, -2.0],
        ratio: -2.0,
        phase: -9.0,
        color: [0.0, 0.8, 0.2],
    },
    Gear {
        inner_radius: 1.3,
        outer_radius: 2.0,
        width: 0.5,
        teeth: 10,
        tooth_depth: 0.7,
        position: [-3.1, 4.2],
        ratio: -2.0,
        phase: -25.0,
        color: [0.2, 0.2, 1.0],
    },
];

impl Gear {
    /// This gear's own rotation in degrees, if the red gear is at `angle` degrees.
    pub fn angle(&self, angle: f64) -> f64 {
        self.ratio * angle + self.phase
    }

    /// The colour for lighting. With sRGB output the framebuffer encodes what is written, and therefore glxgears'
    /// colours, which are meant for the screen, are decoded first (IEC 61966-2-1).
    pub fn material(&self, srgb: bool) -> [f32; 3] {
        if srgb { self.color.map(linear_from_srgb) } else { self.color }
    }
}

/// The inverse of the sRGB transfer function: from a stored component to linear light, both from 0 to 1 (IEC
/// 61966-2-1).
fn linear_from_srgb(component: f32) -> f32 {
    if component <= 0.04045 { component / 12.92 } else { ((component + 0.055) / 1.055).powf(2.4) }
}

/// The red gear's angle after `seconds`, in degrees from 0 to 360.
pub fn angle_at(seconds: f64) -> f64 {
    (DEGREES_PER_SECOND * seconds).rem_euclid(360.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gears_mesh_at_every_angle() {
        // A turn of the red gear passes 20 teeth. The others have 10, and therefore turn twice as far.
        for gear in &GEARS[1..] {
            assert_eq!(f64::from(gear.teeth) * gear.ratio, -f64::from(GEARS[0].teeth));
        }
    }

    #[test]
    fn angle_grows_by_70_degrees_a_second() {
        assert_eq!(angle_at(0.0), 0.0);
        assert_eq!(angle_at(1.0), 70.0);
        assert!((angle_at(36.0) - 0.0).abs() < 1e-9);
    }

    #[test]
    fn srgb_is_decoded_as_the_standard_says() {
        assert_eq!(linear_from_srgb(0.0), 0.0);
        assert!((linear_from_srgb(1.0) - 1.0).abs() < 1e-6);
        assert!((linear_from_srgb(0.5) - 0.214_041).abs() < 1e-5);
    }
}
