//! From a gear's own coordinates to the picture: glxgears' camera, its two eyes, its light.

use super::GEARS;
use glam::camera::rh::proj::opengl::frustum;
use glam::{Mat3, Mat4, Vec3};

/// Distance of the near and the far plane from the eye.
const NEAR: f32 = 5.0;
const FAR: f32 = 60.0;
/// Distance of the gears from the eye.
const DISTANCE: f32 = 40.0;
/// Distance between the two eyes, and of the point where their views cross.
const EYE_SEPARATION: f32 = 5.0;
const FIX_POINT: f32 = 40.0;
/// Direction towards the light, in eye space: glxgears sets it before any model-view transform.
const LIGHT: Vec3 = Vec3::new(5.0, 5.0, 10.0);

/// How the scene is turned, in degrees about each axis, x first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    pub x: f32,
    pub y: f32,
    pub z: f32,
}

impl Default for View {
    fn default() -> Self {
        View { x: 20.0, y: 30.0, z: 0.0 }
    }
}

/// Which picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eye {
    Mono,
    Left,
    Right,
}

impl Eye {
    /// The projection for a picture of `width` × `height` pixels. The horizontal field of view is fixed, and
    /// therefore a wide picture crops the gears at top and bottom, as in glxgears.
    fn projection(self, width: u32, height: u32) -> Mat4 {
        let top = height as f32 / width as f32;
        let (left, right) = match self {
            Eye::Mono => (-1.0, 1.0),
            Eye::Left => eye_frustum(),
            Eye::Right => {
                let (left, right) = eye_frustum();
                (-right, -left)
            }
        };
        frustum(left, right, -top, top, NEAR, FAR)
    }

    /// How far the scene moves to the right for this eye.
    fn shift(self) -> f32 {
        match self {
            Eye::Mono => 0.0,
            Eye::Left => EYE_SEPARATION / 2.0,
            Eye::Right => -EYE_SEPARATION / 2.0,
        }
    }
}

/// Left and right edge of the left eye's frustum on the near plane.
fn eye_frustum() -> (f32, f32) {
    let half_width = FIX_POINT / NEAR;
    let edge = |width: f32| NEAR * width / FIX_POINT;
    (-edge(half_width - EYE_SEPARATION / 2.0), edge(half_width + EYE_SEPARATION / 2.0))
}

/// What a shader needs to draw one gear.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GearTransform {
    /// From the gear's coordinates to clip coordinates.
    pub clip_from_gear: Mat4,
    /// Unit vector towards the light in the gear's coordinates.
    pub light: Vec3,
}

/// The transforms of the three gears, in the order of [`GEARS`], in a picture of `width` × `height` pixels (at least
/// 1 × 1), with the red gear at `angle` degrees.
pub fn transforms((width, height): (u32, u32), eye: Eye, view: View, angle: f64) -> [GearTransform; 3] {
    let projection = eye.projection(width, height);
    let scene = Mat4::from_translation(Vec3::new(eye.shift(), 0.0, -DISTANCE))
        * Mat4::from_rotation_x(view.x.to_radians())
        * Mat4::from_rotation_y(view.y.to_radians())
        * Mat4::from_rotation_z(view.z.to_radians());
    GEARS.map(|gear| {
        let [x, y] = gear.position;
        let turn = gear.angle(angle).to_radians() as f32;
        let eye_from_gear = scene * Mat4::from_translation(Vec3::new(x, y, 0.0)) * Mat4::from_rotation_z(turn);
        GearTransform {
            clip_from_gear: projection * eye_from_gear,
            // A rotation's inverse is its transpose.
            light: Mat3::from_mat4(eye_from_gear).transpose() * LIGHT.normalize(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stereo_frusta_are_glxgears() {
        assert_eq!(eye_frustum(), (-0.6875, 1.3125));
        assert_eq!(Eye::Left.projection(300, 300), frustum(-0.6875, 1.3125, -1.0, 1.0, 5.0, 60.0));
        assert_eq!(Eye::Right.projection(300, 300), frustum(-1.3125, 0.6875, -1.0, 1.0, 5.0, 60.0));
    }

    #[test]
    fn both_eyes_see_the_fix_point_at_the_same_place() {
        // A point on the axis at the convergence distance falls on the same pixel in both pictures: no parallax
        // there.
        let at = |eye: Eye| {
            let p = Vec3::new(eye.shift(), 0.0, -FIX_POINT);
            eye.projection(300, 300).project_point3(p).x
        };
        assert!((at(Eye::Left) - at(Eye::Right)).abs() < 1e-6);
    }

    #[test]
    fn light_on_the_front_faces_gives_the_oracles_colours() {
        // ../facts: (193,24,0), (0,193,48), (48,48,242) at the default view.
        let expected = [[193, 24, 0], [0, 193, 48], [48, 48, 242]];
        for angle in [0.0, 17.0, 300.0] {
            for (i, t) in transforms((300, 300), Eye::Mono, View::default(), angle).iter().enumerate() {
                let shade = 0.2 + t.light.dot(Vec3::Z).max(0.0);
                let rgb = GEARS[i].color.map(|c| (c * shade * 255.0).round().min(255.0) as u8);
                assert_eq!(rgb, expected[i]);
            }
        }
    }
}
