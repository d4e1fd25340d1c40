//! The gears' surfaces as triangles.

use super::{GEARS, Gear};
use glam::{Vec2, Vec3};
use std::f32::consts::TAU;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vertex {
    /// Position in the gear's coordinates; its axis is z.
    pub position: Vec3,
    /// Unit normal for lighting. It isn't always the surface's true normal: see [`gear_mesh`].
    pub normal: Vec3,
}

/// Indexed triangles, counter-clockwise if seen from outside.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mesh {
    pub vertices: Vec<Vertex>,
    /// Three indices into `vertices` per triangle.
    pub indices: Vec<u32>,
}

impl Mesh {
    /// Adds a quadrilateral, or a triangle if two neighbouring corners coincide.
    fn quad(&mut self, corners: [(Vec3, Vec3); 4]) {
        let first = self.vertices.len() as u32;
        let mut kept: Vec<Vertex> = Vec::with_capacity(4);
        for (position, normal) in corners {
            if kept.iter().all(|v| v.position != position) {
                kept.push(Vertex { position, normal: normal.normalize() });
            }
        }
        self.indices.extend((2..kept.len() as u32).flat_map(|i| [first, first + i - 1, first + i]));
        self.vertices.append(&mut kept);
    }

    /// Adds the triangles of another mesh.
    fn append(&mut self, other: &Mesh) {
        let first = self.vertices.len() as u32;
        self.vertices.extend(&other.vertices);
        self.indices.extend(other.indices.iter().map(|index| first + index));
    }

    /// The area that its front covers, seen along the axis.
    pub fn front_area(&self) -> f32 {
        let area = |triangle: &[u32]| {
            let [a, b, c] = [0, 1, 2].map(|i| self.vertices[triangle[i] as usize].position.truncate());
            (b - a).perp_dot(c - a) / 2.0
        };
        self.indices.chunks_exact(3).map(|triangle| area(triangle).max(0.0)).sum()
    }

    /// Adds a quadrilateral with one normal, as OpenGL's flat shading uses that of the last corner.
    fn flat(&mut self, corners: [Vec3; 4], normal: Vec3) {
        self.quad(corners.map(|corner| (corner, normal)));
    }
}

/// The surface of one gear in two meshes, as glxgears builds it: first what is lit alike over each triangle, then the
/// bore, which alone is smooth.
///
/// The outline of a tooth that starts at angle `t` has radius r1 at t, r2 at t+da, r2 at t+2da, and r1 at t+3da, where
/// da is a quarter of the angle between two teeth. Faces and flanks have their true normals. **Tooth tops and valleys
/// have (cos t, sin t, 0)**, the normal at the tooth's start, which is off by 1.5 da on tops and by 3.5 da in valleys:
/// that is what glxgears does, and the picture has to be the same.
fn gear_surfaces(gear: &Gear) -> [Mesh; 2] {
    let r0 = gear.inner_radius;
    let r1 = gear.outer_radius - gear.tooth_depth / 2.0;
    let r2 = gear.outer_radius + gear.tooth_depth / 2.0;
    let pitch = TAU / gear.teeth as f32;
    let da = pitch / 4.0;
    let (front, back) = (gear.width / 2.0, -gear.width / 2.0);
    let at = |radius: f32, angle: f32, z: f32| (radius * Vec2::from_angle(angle)).extend(z);

    let [mut mesh, mut bore] = [Mesh::default(), Mesh::default()];
    for tooth in 0..gear.teeth {
        let t = tooth as f32 * pitch;
        // The last tooth ends exactly where the first one begins, which leaves no visible seam.
        let next = if tooth + 1 == gear.teeth { 0.0 } else { (tooth + 1) as f32 * pitch };

        // Front and back face: the ring between bore and valleys in two parts, then the tooth.
        mesh.flat([at(r0, t, front), at(r1, t, front), at(r1, t + 3.0 * da, front), at(r0, t, front)], Vec3::Z);
        mesh.flat(
            [at(r0, t, front), at(r1, t + 3.0 * da, front), at(r1, next, front), at(r0, next, front)],
            Vec3::Z,
        );
        mesh.flat(
            [at(r1, t, front), at(r2, t + da, front), at(r2, t + 2.0 * da, front), at(r1, t + 3.0 * da, front)],
            Vec3::Z,
        );
        mesh.flat([at(r1, t, back), at(r0, t, back), at(r0, t, back), at(r1, t + 3.0 * da, back)], Vec3::NEG_Z);
        mesh.flat(
            [at(r1, t + 3.0 * da, back), at(r0, t, back), at(r0, next, back), at(r1, next, back)],
            Vec3::NEG_Z,
        );
        mesh.flat(
            [at(r1, t + 3.0 * da, back), at(r2, t + 2.0 * da, back), at(r2, t + da, back), at(r1, t, back)],
            Vec3::NEG_Z,
        );

        // The rim: rising flank, top, falling flank, valley.
        let start = Vec2::from_angle(t).extend(0.0);
        let rim = [(r1, t), (r2, t + da), (r2, t + 2.0 * da), (r1, t + 3.0 * da), (r1, next)];
        for (i, pair) in rim.windows(2).enumerate() {
            let ((ra, a), (rb, b)) = (pair[0], pair[1]);
            let edge = at(rb, b, 0.0) - at(ra, a, 0.0);
            let is_flank = i % 2 == 0;
            let normal = if is_flank { Vec3::new(edge.y, -edge.x, 0.0) } else { start };
            mesh.flat([at(ra, a, front), at(ra, a, back), at(rb, b, back), at(rb, b, front)], normal);
        }

        let (n0, n1) = (-start, -Vec2::from_angle(next).extend(0.0));
        bore.quad([
            (at(r0, t, back), n0),
            (at(r0, t, front), n0),
            (at(r0, next, front), n1),
            (at(r0, next, back), n1),
        ]);
    }
    [mesh, bore]
}

/// The whole surface of one gear.
pub fn gear_mesh(gear: &Gear) -> Mesh {
    let [mut mesh, bore] = gear_surfaces(gear);
    mesh.append(&bore);
    mesh
}

/// The three gears in one mesh, so that one buffer holds them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SceneMesh {
    pub mesh: Mesh,
    /// The gear of each vertex, as an index into [`GEARS`].
    pub owners: Vec<u32>,
    /// This many of the indices come first and belong to triangles that have one normal each.
    pub flat_indices: usize,
}

/// All gears, first their flat surfaces.
pub fn scene_mesh() -> SceneMesh {
    let mut scene = SceneMesh::default();
    let surfaces = GEARS.each_ref().map(gear_surfaces);
    for part in 0..2 {
        for (owner, meshes) in (0..).zip(&surfaces) {
            scene.mesh.append(&meshes[part]);
            scene.owners.resize(scene.mesh.vertices.len(), owner);
            if part == 0 {
                scene.flat_indices = scene.mesh.indices.len();
            }
        }
    }
    scene
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn triangles(mesh: &Mesh) -> impl Iterator<Item = [Vertex; 3]> {
        mesh.indices.chunks_exact(3).map(|t| [0, 1, 2].map(|i| mesh.vertices[t[i] as usize]))
    }

    #[test]
    fn the_scene_has_glxgears_800_triangles_and_none_is_degenerate() {
        let SceneMesh { mesh, owners, flat_indices } = scene_mesh();
        assert_eq!(mesh.indices.len(), 800 * 3);
        assert_eq!(owners.len(), mesh.vertices.len());
        // A bore has two triangles per tooth.
        assert_eq!(flat_indices, (800 - 2 * (20 + 10 + 10)) * 3);
        for [a, b, c] in triangles(&mesh) {
            assert!((b.position - a.position).cross(c.position - a.position).length() > 1e-3);
        }
    }

    #[test]
    fn flat_triangles_have_one_normal_and_one_owner() {
        let SceneMesh { mesh, owners, flat_indices } = scene_mesh();
        let is_flat = |triangle: &[u32]| {
            let [a, b, c] = [0, 1, 2].map(|i| triangle[i] as usize);
            let alike = |other: usize| {
                (mesh.vertices[a].normal, owners[a]) == (mesh.vertices[other].normal, owners[other])
            };
            alike(b) && alike(c)
        };
        let (flat, smooth) = mesh.indices.split_at(flat_indices);
        assert!(flat.chunks_exact(3).all(is_flat));
        assert!(!smooth.chunks_exact(3).any(is_flat));
    }

    #[test]
    fn valley_and_top_are_lit_with_the_normal_of_their_tooths_start() {
        let mesh = gear_mesh(&GEARS[0]);
        let tops: Vec<_> = mesh.vertices.iter().filter(|v| v.normal == Vec3::X).collect();
        // Tooth 0 starts at angle 0: its top and its valley have four corners each.
        assert_eq!(tops.len(), 8);
    }

    proptest! {
        #[test]
        fn every_gear_is_closed_wound_outwards_and_has_unit_normals(
            inner in 0.1f32..2.0, rim in 0.5f32..3.0, width in 0.1f32..4.0, teeth in 5u32..60, depth in 0.05f32..0.4,
        ) {
            let gear = Gear {
                inner_radius: inner, outer_radius: inner + rim, width, teeth, tooth_depth: depth, ..GEARS[0]
            };
            let mesh = gear_mesh(&gear);
            prop_assert!(mesh.indices.iter().all(|&i| (i as usize) < mesh.vertices.len()));
            let mut volume = 0.0;
            for [a, b, c] in triangles(&mesh) {
                for v in [a, b, c] {
                    prop_assert!((v.normal.length() - 1.0).abs() < 1e-5);
                }
                let facing = (b.position - a.position).cross(c.position - a.position);
                prop_assert!(facing.dot(a.normal + b.normal + c.normal) > 0.0);
                volume += a.position.dot(b.position.cross(c.position)) / 6.0;
            }
            // The divergence theorem: a closed surface wound outwards encloses its cross-section times its width.
            let (r1, r2) = (gear.outer_radius - depth / 2.0, gear.outer_radius + depth / 2.0);
            let quarter = TAU / teeth as f32 / 4.0;
            let per_tooth = 0.5 * quarter.sin() * (r1 * r2 + r2 * r2 + r2 * r1 + r1 * r1);
            let bore = 0.5 * (4.0 * quarter).sin() * inner * inner;
            let section = (per_tooth - bore) * teeth as f32;
            prop_assert!((mesh.front_area() - section).abs() < 1e-3 * section, "{} {section}", mesh.front_area());
            let expected = section * width;
            prop_assert!((volume - expected).abs() < 1e-3 * expected.abs(), "{volume} {expected}");
        }
    }
}
