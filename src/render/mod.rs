//! The scene in OpenGL: one buffer, and one draw call per picture, or two where software draws. Needs OpenGL 2.1 or OpenGL ES 2.0: what a
//! version lacks ([`Abilities`]) is replaced or left out when objects are created, not in every frame.
//!
//! Every object deletes itself when dropped, for which its context must be current. This program has one context,
//! which is current from start to end.

mod abilities;
mod dialect;
mod frame_queue;
mod framebuffer;
mod gpu_timer;
mod limits;
mod mesh_buffers;
mod picture_ring;
mod program;
mod program_cache;
pub mod workload;

pub use abilities::{Abilities, Lack};
pub use frame_queue::{FrameQueue, GpuHangs};
pub use framebuffer::{Framebuffer, FramebufferError, read_back_buffer};
pub use gpu_timer::GpuTimer;
pub use limits::check_size;
pub use picture_ring::{Channels, PictureReader, PictureRing, Pixels};

use crate::renderer::{Kind, Renderer};
use crate::scene::{GEARS, GearTransform, SceneMesh, scene_mesh};
use glam::Mat4;
use glow::HasContext;
use mesh_buffers::MeshBuffers;
use program::{Program, Source};
use std::ops::Range;
use std::rc::Rc;

/// The functions of the current context.
pub type Functions = Rc<glow::Context>;

/// The three gears, ready to draw.
pub struct Gears {
    gl: Functions,
    buffers: MeshBuffers,
    parts: Vec<Part>,
}

/// What one draw call draws.
struct Part {
    program: Program,
    clip_from_gear: glow::UniformLocation,
    light: glow::UniformLocation,
    indices: Range<usize>,
}

const GEAR_VERTEX: &str = include_str!("../../shaders/gear.vert");
const GEAR_FRAGMENT: &str = include_str!("../../shaders/gear.frag");
const FLAT_GEAR_VERTEX: &str = concat!("#define SHADING flat\n", include_str!("../../shaders/gear.vert"));
const FLAT_GEAR_FRAGMENT: &str = concat!("#define SHADING flat\n", include_str!("../../shaders/gear.frag"));

/// OpenGL could not be set up to draw.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Something that every driver must accept.
    #[error(
        "the OpenGL driver refused {what}: {reason}\nThis is a fault of the driver, or of rust-gears; please report it"
    )]
    Refused { what: &'static str, reason: String },
    /// Something that not every version of OpenGL has.
    #[error(transparent)]
    Lacks(#[from] Lack),
}

impl Gears {
    /// Uploads the scene to the context of `driver`, with colours for an sRGB framebuffer or another, and sets
    /// glxgears' state, which then stays: black background, depth test, back-face culling.
    ///
    /// # Errors
    /// Returns the driver's own words if it refuses a shader or an object.
    #[expect(unsafe_code)]
    pub fn new(gl: &Functions, driver: &Renderer, srgb: bool) -> Result<Gears, RenderError> {
        let SceneMesh { mesh, owners, flat_indices } = scene_mesh();
        let vertices: Vec<[f32; 7]> = mesh
            .vertices
            .iter()
            .zip(&owners)
            .map(|(vertex, &owner)| {
                let ([x, y, z], [nx, ny, nz]) = (vertex.position.to_array(), vertex.normal.to_array());
                [x, y, z, nx, ny, nz, owner as f32]
            })
            .collect();
        let indices: Vec<u16> = mesh.indices.iter().map(|&index| index as u16).collect();
        let float = size_of::<f32>() as i32;
        let attributes = [
            (3, glow::FLOAT, false, 0),
            (3, glow::FLOAT, false, 3 * float),
            (1, glow::FLOAT, false, 6 * float), // which gear
        ];
        let buffers = MeshBuffers::new(gl, 7 * float, &attributes)?;
        buffers.set_vertices(&vertices);
        buffers.set_indices(&indices);
        let part = |vertex, fragment, indices| Part::new(gl, driver, srgb, vertex, fragment, indices);
        let parts = if driver.kind() == Kind::Software && Abilities::of(gl).flat_varyings {
            // Interpolating colours took llvmpipe 5 % of a frame, so only the bores' are interpolated, as glxgears does
            // it. To a GPU, a second draw call costs more.
            vec![
                part(FLAT_GEAR_VERTEX, FLAT_GEAR_FRAGMENT, 0..flat_indices)?,
                part(GEAR_VERTEX, GEAR_FRAGMENT, flat_indices..indices.len())?,
            ]
        } else {
            vec![part(GEAR_VERTEX, GEAR_FRAGMENT, 0..indices.len())?]
        };
        // SAFETY: the context is current.
        unsafe {
            gl.clear_color(0.0, 0.0, 0.0, 0.0);
            gl.enable(glow::DEPTH_TEST);
            gl.enable(glow::CULL_FACE);
            // OpenGL ES has no such switch: sRGB framebuffers always encode there.
            if srgb && !Abilities::of(gl).is_embedded {
                gl.enable(glow::FRAMEBUFFER_SRGB);
            }
        }
        check(gl, "the scene")?;
        Ok(Gears { gl: gl.clone(), buffers, parts })
    }

    /// Makes its programs, buffers and depth test current again after something else was drawn.
    #[expect(unsafe_code)]
    pub fn bind(&self) {
        self.buffers.bind();
        // SAFETY: the context is current, and the objects are its own.
        unsafe {
            self.gl.use_program(Some(self.parts[0].program.id()));
            self.gl.enable(glow::DEPTH_TEST);
            self.gl.enable(glow::CULL_FACE);
        }
    }

    /// Clears the current framebuffer and draws the gears into it.
    #[expect(unsafe_code)]
    pub fn draw(&self, transforms: &[GearTransform; 3]) {
        let matrices: [[f32; 16]; 3] = transforms.map(|t| Mat4::to_cols_array(&t.clip_from_gear));
        let lights: [[f32; 3]; 3] = transforms.map(|t| t.light.to_array());
        // SAFETY: the context is current, with the program and the vertex array of `new`.
        unsafe {
            self.gl.clear(glow::COLOR_BUFFER_BIT | glow::DEPTH_BUFFER_BIT);
            for part in &self.parts {
                // A single one is current already.
                if self.parts.len() > 1 {
                    self.gl.use_program(Some(part.program.id()));
                }
                self.gl.uniform_matrix_4_f32_slice(Some(&part.clip_from_gear), false, matrices.as_flattened());
                self.gl.uniform_3_f32_slice(Some(&part.light), lights.as_flattened());
                let Range { start, end } = part.indices;
                let (count, offset) = ((end - start) as i32, (start * size_of::<u16>()) as i32);
                self.gl.draw_elements(glow::TRIANGLES, count, glow::UNSIGNED_SHORT, offset);
            }
        }
    }

    /// Sets the viewport to a whole picture of this size.
    #[expect(unsafe_code)]
    pub fn set_viewport(&self, (width, height): (u32, u32)) {
        // SAFETY: the context is current; sizes beyond its limits are clamped by OpenGL.
        unsafe { self.gl.viewport(0, 0, width as i32, height as i32) };
    }
}

impl Part {
    /// Leaves its program current.
    #[expect(unsafe_code)]
    fn new(
        gl: &Functions,
        driver: &Renderer,
        srgb: bool,
        vertex: &'static str,
        fragment: &'static str,
        indices: Range<usize>,
    ) -> Result<Part, RenderError> {
        let source = Source { vertex, fragment, attributes: &["position", "normal", "gear"] };
        let program = Program::kept(gl, driver, &source)?;
        let [material, clip_from_gear, light] =
            ["material", "clip_from_gear", "light"].map(|name| program.uniform(name));
        // SAFETY: the context is current, and the slice lives as long as the call.
        unsafe {
            gl.use_program(Some(program.id()));
            gl.uniform_3_f32_slice(Some(&material?), GEARS.map(|gear| gear.material(srgb)).as_flattened());
        }
        Ok(Part { clip_from_gear: clip_from_gear?, light: light?, program, indices })
    }
}

/// Clears the framebuffer to black.
#[expect(unsafe_code)]
pub fn clear(gl: &glow::Context) {
    // SAFETY: the context is current.
    unsafe { gl.clear(glow::COLOR_BUFFER_BIT | glow::DEPTH_BUFFER_BIT) };
}

/// Makes the window's own framebuffer the one that is drawn into and read from.
#[expect(unsafe_code)]
pub fn draw_to_window(gl: &glow::Context) {
    // SAFETY: the context is current; no object means the window's framebuffer.
    unsafe { gl.bind_framebuffer(glow::FRAMEBUFFER, None) };
}

/// OpenGL's own report of errors since the last call.
pub(crate) fn check(gl: &glow::Context, what: &'static str) -> Result<(), RenderError> {
    last_error(gl).map_or(Ok(()), |reason| Err(RenderError::Refused { what, reason }))
}

/// The name of an error since the last call.
#[expect(unsafe_code)]
fn last_error(gl: &glow::Context) -> Option<String> {
    // SAFETY: the context is current.
    match unsafe { gl.get_error() } {
        glow::NO_ERROR => None,
        code => Some(error_name(code)),
    }
}

/// The name of an OpenGL error code.
fn error_name(code: u32) -> String {
    match code {
        glow::INVALID_ENUM => "GL_INVALID_ENUM".into(),
        glow::INVALID_VALUE => "GL_INVALID_VALUE".into(),
        glow::INVALID_OPERATION => "GL_INVALID_OPERATION".into(),
        glow::INVALID_FRAMEBUFFER_OPERATION => "GL_INVALID_FRAMEBUFFER_OPERATION".into(),
        glow::OUT_OF_MEMORY => "GL_OUT_OF_MEMORY".into(),
        other => format!("error 0x{other:x}"),
    }
}

/// All extensions of the current context, separated by spaces, as `GL_EXTENSIONS` was before OpenGL 3.
#[expect(unsafe_code)]
pub fn extensions(gl: &glow::Context) -> String {
    // SAFETY: the context is current, and an index below the count has a name.
    unsafe {
        if Abilities::of(gl).version < (3, 0) {
            return gl.get_parameter_string(glow::EXTENSIONS);
        }
        let count = gl.get_parameter_i32(glow::NUM_EXTENSIONS).max(0) as u32;
        (0..count).map(|i| gl.get_parameter_indexed_string(glow::EXTENSIONS, i)).collect::<Vec<_>>().join(" ")
    }
}

/// Which of a window's pictures to draw next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackBuffer {
    Mono,
    Left,
    Right,
}

impl BackBuffer {
    pub(crate) fn gl_name(self) -> u32 {
        match self {
            BackBuffer::Mono => glow::BACK,
            BackBuffer::Left => glow::BACK_LEFT,
            BackBuffer::Right => glow::BACK_RIGHT,
        }
    }

    /// Makes this buffer of the window the one that is drawn into.
    #[expect(unsafe_code)]
    pub fn select(self, gl: &glow::Context) {
        // SAFETY: the context is current.
        unsafe { gl.draw_buffer(self.gl_name()) };
    }
}
