//! Vertices that the CPU computes for each frame.

use super::Workload;
use crate::render::{Abilities, Functions, MeshBuffers, Program, RenderError, Source, check};
use crate::scene::{GEARS, gear_mesh};
use glow::HasContext;
use std::ptr::NonNull;
use std::time::Duration;

/// Frames that may be in flight while the CPU writes the next.
const RING: usize = 4;
/// Cells along each side of the grid of gears.
const CELLS: u32 = 16;
/// How long the GPU may take to finish with a part of the ring before it is overwritten anyway. The frame queue,
/// which waits for the same frames, notices if the GPU hangs.
const PATIENCE: Duration = Duration::from_secs(2);

/// A vertex as it is transferred: 16 bytes.
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct Vertex {
    position: [f32; 3],
    rgba: [u8; 4],
}

/// Gears whose vertices the CPU transforms in every frame, directly into memory that the GPU reads. Its work is
/// measured in bytes.
pub struct Upload {
    gl: Functions,
    program: Program,
    /// The gear at rest, in a circle of radius 1.
    model: Vec<Vertex>,
    model_indices: Vec<u32>,
    is_persistent: bool,
    ring: Option<Ring>,
    gears: u32,
}

/// The vertex buffer, which has a part for each frame in flight.
struct Ring {
    gl: Functions,
    buffers: MeshBuffers,
    /// Where the buffer is mapped for good (`ARB_buffer_storage`); else each part is mapped when it is written.
    mapping: Option<NonNull<u8>>,
    part_bytes: usize,
    index_count: i32,
    next: usize,
    busy: [Option<glow::Fence>; RING],
}

impl Upload {
    /// The gear, ready to be turned.
    ///
    /// # Errors
    /// The driver refuses, or the context has no way to stream vertices.
    pub fn new(gl: &Functions) -> Result<Upload, RenderError> {
        let abilities = Abilities::of(gl);
        abilities.require(abilities.mapping, "buffers that can be mapped in part")?;
        abilities.require(abilities.base_vertex, "indices from a base vertex")?;
        abilities.require(abilities.fences, "fences")?;
        let source = Source {
            vertex: include_str!("../../../shaders/bench_upload.vert"),
            fragment: include_str!("../../../shaders/gear.frag"),
            attributes: &["position", "rgba"],
        };
        let program = Program::new(gl, &source)?;
        let gear = &GEARS[0];
        let mesh = gear_mesh(gear);
        let radius = gear.outer_radius + gear.tooth_depth / 2.0;
        let model = mesh.vertices.iter().map(|vertex| {
            let shade = 0.2 + 0.8 * vertex.normal.z.max(0.0);
            let [r, g, b] = gear.color.map(|c| (c * shade * 255.0).round() as u8);
            Vertex { position: (vertex.position / radius).to_array(), rgba: [r, g, b, 255] }
        });
        Ok(Upload {
            gl: gl.clone(),
            program,
            model: model.collect(),
            model_indices: mesh.indices,
            is_persistent: gl.supported_extensions().contains("GL_ARB_buffer_storage"),
            ring: None,
            gears: 1,
        })
    }

    fn bytes_per_frame(&self) -> usize {
        self.gears as usize * size_of_val(self.model.as_slice())
    }
}

impl Workload for Upload {
    #[expect(unsafe_code)]
    fn bind(&self) {
        if let Some(ring) = &self.ring {
            ring.buffers.bind();
        }
        // SAFETY: the context is current.
        unsafe {
            self.gl.use_program(Some(self.program.id()));
            self.gl.disable(glow::DEPTH_TEST);
            self.gl.enable(glow::CULL_FACE);
        }
    }

    fn set_load(&mut self, gears: u32) -> Result<(), RenderError> {
        self.gears = gears;
        self.ring = None;
        let per_gear = self.model.len() as u32;
        let indices: Vec<u32> =
            (0..gears).flat_map(|gear| self.model_indices.iter().map(move |i| gear * per_gear + i)).collect();
        self.ring = Some(Ring::new(&self.gl, self.bytes_per_frame(), &indices, self.is_persistent)?);
        Ok(())
    }

    fn work(&self) -> f64 {
        self.bytes_per_frame() as f64
    }

    #[expect(unsafe_code)]
    fn draw(&mut self, angle: f64) {
        let vertices = self.bytes_per_frame() / size_of::<Vertex>();
        let Some(ring) = &mut self.ring else { return };
        // SAFETY: the context is current, with this workload's program and vertex array.
        unsafe { self.gl.clear(glow::COLOR_BUFFER_BIT) };
        let part = ring.next;
        ring.next = (part + 1) % RING;
        ring.wait_until_free(part);
        ring.write(part, |bytes| {
            for (gear, place) in bytemuck::cast_slice_mut(bytes).chunks_exact_mut(self.model.len()).enumerate() {
                turn(&self.model, gear as u32, angle, place);
            }
        });
        // SAFETY: as above; indices and base are within the bound buffers.
        unsafe {
            self.gl.draw_elements_base_vertex(
                glow::TRIANGLES,
                ring.index_count,
                glow::UNSIGNED_INT,
                0,
                (part * vertices) as i32,
            );
            ring.busy[part] = self.gl.fence_sync(glow::SYNC_GPU_COMMANDS_COMPLETE, 0).ok();
        }
    }
}

/// Writes the vertices of gear number `gear`, rotated and moved to its cell of the grid. Each is written once and in
/// order, which suits memory that is shared with a GPU.
fn turn(model: &[Vertex], gear: u32, angle: f64, out: &mut [Vertex]) {
    let cell = |n: u32| (2 * (n % CELLS) + 1) as f32 / CELLS as f32 - 1.0;
    let (x, y) = (cell(gear), cell(gear / CELLS));
    let scale = 0.9 / CELLS as f32;
    let (sin, cos) = (angle.to_radians() as f32 + 0.1 * gear as f32).sin_cos();
    let (sin, cos) = (sin * scale, cos * scale);
    for (vertex, out) in model.iter().zip(out) {
        let [px, py, pz] = vertex.position;
        *out =
            Vertex { position: [x + cos * px - sin * py, y + sin * px + cos * py, -0.1 * pz], rgba: vertex.rgba };
    }
}

impl Ring {
    #[expect(unsafe_code)]
    fn new(gl: &Functions, part_bytes: usize, indices: &[u32], persistent: bool) -> Result<Ring, RenderError> {
        let stride = size_of::<Vertex>() as i32;
        let color_at = std::mem::offset_of!(Vertex, rgba) as i32;
        let buffers =
            MeshBuffers::new(gl, stride, &[(3, glow::FLOAT, false, 0), (4, glow::UNSIGNED_BYTE, true, color_at)])?;
        buffers.set_indices(indices);
        let bytes = (RING * part_bytes) as i32;
        let mut mapping = None;
        // SAFETY: the context is current, and the buffer bound is the ring's own.
        unsafe {
            if persistent {
                let flags = glow::MAP_WRITE_BIT | glow::MAP_PERSISTENT_BIT | glow::MAP_COHERENT_BIT;
                gl.buffer_storage(glow::ARRAY_BUFFER, bytes, None, flags);
                mapping = NonNull::new(gl.map_buffer_range(glow::ARRAY_BUFFER, 0, bytes, flags));
            } else {
                gl.buffer_data_size(glow::ARRAY_BUFFER, bytes, glow::STREAM_DRAW);
            }
        }
        check(gl, "a buffer for streaming")?;
        if persistent && mapping.is_none() {
            return Err(RenderError::Refused {
                what: "a buffer for streaming",
                reason: "it cannot be mapped".into(),
            });
        }
        let index_count = indices.len() as i32;
        Ok(Ring { gl: gl.clone(), buffers, mapping, part_bytes, index_count, next: 0, busy: [None; RING] })
    }

    /// Waits until the GPU has read a part.
    #[expect(unsafe_code)]
    fn wait_until_free(&mut self, part: usize) {
        if let Some(fence) = self.busy[part].take() {
            // SAFETY: the context is current, and the fence its own.
            unsafe {
                self.gl.client_wait_sync(fence, glow::SYNC_FLUSH_COMMANDS_BIT, PATIENCE.as_nanos() as i32);
                self.gl.delete_sync(fence);
            }
        }
    }

    /// Lets `fill` write a part that the GPU isn't reading.
    #[expect(unsafe_code)]
    fn write(&self, part: usize, fill: impl FnOnce(&mut [u8])) {
        let start = part * self.part_bytes;
        // SAFETY: the context is current and the buffer bound. The mapping holds RING parts and stays valid while the
        // buffer lives, or until it is unmapped below; nobody else writes to it, and the fence of this part has been
        // waited for. Its memory is aligned to at least 64 bytes (GL_MIN_MAP_BUFFER_ALIGNMENT), or to the offset in it.
        unsafe {
            let pointer = match self.mapping {
                Some(mapping) => mapping.as_ptr().add(start),
                None => self.gl.map_buffer_range(
                    glow::ARRAY_BUFFER,
                    start as i32,
                    self.part_bytes as i32,
                    glow::MAP_WRITE_BIT | glow::MAP_INVALIDATE_RANGE_BIT | glow::MAP_UNSYNCHRONIZED_BIT,
                ),
            };
            if !pointer.is_null() {
                fill(std::slice::from_raw_parts_mut(pointer, self.part_bytes));
            }
            if self.mapping.is_none() {
                self.gl.unmap_buffer(glow::ARRAY_BUFFER);
            }
        }
    }
}

impl Drop for Ring {
    #[expect(unsafe_code)]
    fn drop(&mut self) {
        for fence in self.busy.iter_mut().filter_map(Option::take) {
            // SAFETY: the context is current, and the fence its own.
            unsafe { self.gl.delete_sync(fence) };
        }
    }
}
