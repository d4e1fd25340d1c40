//! Gears in a grid: many draw calls, many instances, or much overdraw.

use super::Workload;
use crate::render::{Abilities, Functions, MeshBuffers, Program, RenderError, Source, check};
use crate::scene::{GEARS, gear_mesh};
use glow::HasContext;

/// The red gear, drawn in the cells of a grid.
struct Grid {
    gl: Functions,
    program: Program,
    buffers: MeshBuffers,
    first: glow::UniformLocation,
    angle: glow::UniformLocation,
    index_count: i32,
    has_instancing: bool,
    /// Share of a cell that a gear covers.
    coverage: f64,
}

/// Teeth of the gear.
const TEETH: u32 = GEARS[0].teeth;

impl Grid {
    /// A grid of `cells` × `cells`; gears extend over `reach` times half a cell's side.
    #[expect(unsafe_code)]
    fn new(gl: &Functions, cells: i32, reach: f32) -> Result<Grid, RenderError> {
        let source = Source {
            vertex: include_str!("../../../shaders/bench_grid.vert"),
            fragment: include_str!("../../../shaders/gear.frag"),
            attributes: &["position", "normal"],
        };
        let program = Program::new(gl, &source)?;
        let gear = &GEARS[0];
        let mesh = gear_mesh(gear);
        let vertices: Vec<[f32; 6]> = mesh
            .vertices
            .iter()
            .map(|vertex| {
                let ([x, y, z], [nx, ny, nz]) = (vertex.position.to_array(), vertex.normal.to_array());
                [x, y, z, nx, ny, nz]
            })
            .collect();
        let indices: Vec<u16> = mesh.indices.iter().map(|&index| index as u16).collect();
        let float = size_of::<f32>() as i32;
        let attributes = [(3, glow::FLOAT, false, 0), (3, glow::FLOAT, false, 3 * float)];
        let buffers = MeshBuffers::new(gl, 6 * float, &attributes)?;
        buffers.set_vertices(&vertices);
        buffers.set_indices(&indices);
        let scale = reach / (gear.outer_radius + gear.tooth_depth / 2.0);
        // SAFETY: the context is current.
        unsafe {
            gl.use_program(Some(program.id()));
            gl.uniform_1_i32(Some(&program.uniform("cells")?), cells);
            gl.uniform_1_f32(Some(&program.uniform("scale")?), scale);
        }
        let (first, angle) = (program.uniform("first")?, program.uniform("angle")?);
        check(gl, "a grid of gears")?;
        Ok(Grid {
            gl: gl.clone(),
            program,
            buffers,
            first,
            angle,
            index_count: indices.len() as i32,
            has_instancing: Abilities::of(gl).instancing,
            // Both sides of a cell are 2 long.
            coverage: f64::from(mesh.front_area() * scale * scale / 4.0),
        })
    }

    #[expect(unsafe_code)]
    fn bind(&self) {
        self.buffers.bind();
        // SAFETY: the context is current.
        unsafe {
            self.gl.use_program(Some(self.program.id()));
            self.gl.uniform_1_i32(Some(&self.first), 0);
            self.gl.disable(glow::DEPTH_TEST);
            self.gl.enable(glow::CULL_FACE);
        }
    }

    #[expect(unsafe_code)]
    fn clear(&self) {
        // SAFETY: the context is current.
        unsafe { self.gl.clear(glow::COLOR_BUFFER_BIT) };
    }

    #[expect(unsafe_code)]
    fn turn(&self, angle: f64) {
        // SAFETY: the context is current, and the program in use.
        unsafe { self.gl.uniform_1_f32(Some(&self.angle), angle.to_radians() as f32) };
    }

    /// Draws the first `count` gears, in one call if the context can.
    #[expect(unsafe_code)]
    fn draw_gears(&self, count: u32) {
        // SAFETY: the context is current, the program in use, and the indices are within the bound buffer.
        unsafe {
            if !self.has_instancing {
                for gear in 0..count as i32 {
                    self.gl.uniform_1_i32(Some(&self.first), gear);
                    self.gl.draw_elements(glow::TRIANGLES, self.index_count, glow::UNSIGNED_SHORT, 0);
                }
                return;
            }
            self.gl.draw_elements_instanced(
                glow::TRIANGLES,
                self.index_count,
                glow::UNSIGNED_SHORT,
                0,
                count as i32,
            );
        }
    }

    /// Draws the first `count` gears, with one call per tooth.
    #[expect(unsafe_code)]
    fn draw_teeth(&self, count: u32) {
        let indices_per_tooth = self.index_count / TEETH as i32;
        let bytes_per_tooth = indices_per_tooth * size_of::<u16>() as i32;
        for gear in 0..count as i32 {
            for tooth in 0..TEETH as i32 {
                // SAFETY: the context is current, the program in use, and the indices are within the bound buffer.
                unsafe {
                    self.gl.uniform_1_i32(Some(&self.first), gear);
                    self.gl.draw_elements(
                        glow::TRIANGLES,
                        indices_per_tooth,
                        glow::UNSIGNED_SHORT,
                        tooth * bytes_per_tooth,
                    );
                }
            }
        }
    }
}

/// A workload that draws gears in a grid. Its load is their number.
pub struct GearGrid {
    grid: Grid,
    gears: u32,
    /// Work per gear.
    work: f64,
    draw: fn(&Grid, gears: u32),
    /// The fill rate doesn't include clearing, whose share of the frame would change with the load.
    clears: bool,
}

impl GearGrid {
    /// One draw call per tooth, with a uniform per gear, in a grid of 64 × 64: too small to keep a GPU busy. Its work is
    /// measured in draw calls.
    ///
    /// # Errors
    /// Returns an error if the driver refuses an object.
    pub fn submit(gl: &Functions) -> Result<GearGrid, RenderError> {
        let grid = Grid::new(gl, 64, 0.9)?;
        Ok(GearGrid { grid, gears: 1, work: f64::from(TEETH), draw: Grid::draw_teeth, clears: true })
    }

    /// One call that draws many gears, each a few pixels large, in a grid of 64 × 64. Its work is measured in triangles,
    /// including hidden ones.
    ///
    /// # Errors
    /// Returns an error if the driver refuses, or can't draw many gears in one call, because that would measure draw
    /// calls like [`GearGrid::submit`].
    pub fn vertices(gl: &Functions) -> Result<GearGrid, RenderError> {
        let abilities = Abilities::of(gl);
        abilities.require(abilities.instancing, "instancing")?;
        let grid = Grid::new(gl, 64, 0.5)?;
        let work = f64::from(grid.index_count / 3);
        Ok(GearGrid { grid, gears: 1, work, draw: Grid::draw_gears, clears: true })
    }

    /// Gears as large as the picture, on top of each other. Its work is measured in pixels written, including hidden
    /// ones.
    ///
    /// # Errors
    /// Returns an error if the driver refuses an object.
    pub fn fill(gl: &Functions, (width, height): (u32, u32)) -> Result<GearGrid, RenderError> {
        let grid = Grid::new(gl, 1, 1.0)?;
        let work = grid.coverage * f64::from(width) * f64::from(height);
        Ok(GearGrid { grid, gears: 1, work, draw: Grid::draw_gears, clears: false })
    }
}

impl Workload for GearGrid {
    fn bind(&self) {
        self.grid.bind();
    }

    fn set_load(&mut self, gears: u32) -> Result<(), RenderError> {
        self.gears = gears;
        Ok(())
    }

    fn work(&self) -> f64 {
        f64::from(self.gears) * self.work
    }

    fn draw(&mut self, angle: f64) {
        if self.clears {
            self.grid.clear();
        }
        self.grid.turn(angle);
        (self.draw)(&self.grid, self.gears);
    }
}
