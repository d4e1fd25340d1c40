//! Vertices and indices in the GPU's memory.

use super::{Abilities, Functions, RenderError};
use glow::HasContext;

/// A vertex and an index buffer, with the attributes in them, which delete themselves.
pub struct MeshBuffers {
    gl: Functions,
    /// Keeps index buffer and attributes. Without it, [`MeshBuffers::bind`] sets them.
    vertex_array: Option<glow::VertexArray>,
    stride: i32,
    attributes: Vec<Attribute>,
    vertices: glow::Buffer,
    indices: glow::Buffer,
}

/// A vertex attribute: number of components, their type, whether integers are normalised (0 to 1), and byte offset in
/// the vertex. Its location is its index in the list.
pub type Attribute = (i32, u32, bool, i32);

/// The largest number of attributes in use.
const MOST_ATTRIBUTES: u32 = 3;

impl MeshBuffers {
    /// Empty buffers for vertices of `stride` bytes with these `attributes`. Leaves them bound.
    ///
    /// # Errors
    /// Returns an error if the driver refuses an object.
    #[expect(unsafe_code)]
    pub fn new(gl: &Functions, stride: i32, attributes: &[Attribute]) -> Result<MeshBuffers, RenderError> {
        let object = |what| move |reason| RenderError::Refused { what, reason };
        // SAFETY: the context is current.
        unsafe {
            let buffers = MeshBuffers {
                gl: gl.clone(),
                vertex_array: Abilities::of(gl)
                    .vertex_arrays
                    .then(|| gl.create_vertex_array().map_err(object("a vertex array")))
                    .transpose()?,
                stride,
                attributes: attributes.to_vec(),
                vertices: gl.create_buffer().map_err(object("a buffer"))?,
                indices: gl.create_buffer().map_err(object("a buffer"))?,
            };
            buffers.bind();
            if buffers.vertex_array.is_some() {
                buffers.set_attributes();
            }
            Ok(buffers)
        }
    }

    /// Binds the buffers: draw calls read them, and [`MeshBuffers::set_vertices`] writes to them.
    #[expect(unsafe_code)]
    pub fn bind(&self) {
        // SAFETY: the context is current.
        unsafe {
            if self.vertex_array.is_some() {
                self.gl.bind_vertex_array(self.vertex_array);
            }
            self.gl.bind_buffer(glow::ARRAY_BUFFER, Some(self.vertices));
        }
        if self.vertex_array.is_none() {
            self.set_attributes();
        }
    }

    /// Binds the index buffer and sets the attributes. The vertex buffer must be bound.
    #[expect(unsafe_code)]
    fn set_attributes(&self) {
        // SAFETY: the context is current, and the attributes lie within a vertex.
        unsafe {
            self.gl.bind_buffer(glow::ELEMENT_ARRAY_BUFFER, Some(self.indices));
            for (location, &(size, kind, normalized, offset)) in (0..).zip(&self.attributes) {
                self.gl.vertex_attrib_pointer_f32(location, size, kind, normalized, self.stride, offset);
                self.gl.enable_vertex_attrib_array(location);
            }
            // Without vertex arrays, the attributes of other buffers would otherwise still be read, possibly from
            // deleted buffers.
            for location in self.attributes.len() as u32..MOST_ATTRIBUTES {
                self.gl.disable_vertex_attrib_array(location);
            }
        }
    }

    /// Replaces the vertices. The buffers must be bound.
    #[expect(unsafe_code)]
    pub fn set_vertices<T: bytemuck::NoUninit>(&self, vertices: &[T]) {
        // SAFETY: the context is current, and the slice lives as long as the call.
        unsafe {
            self.gl.buffer_data_u8_slice(glow::ARRAY_BUFFER, bytemuck::cast_slice(vertices), glow::STATIC_DRAW);
        }
    }

    /// Replaces the indices. The buffers must be bound.
    #[expect(unsafe_code)]
    pub fn set_indices<T: bytemuck::NoUninit>(&self, indices: &[T]) {
        let bytes = bytemuck::cast_slice(indices);
        // SAFETY: the context is current, and the slice lives as long as the call.
        unsafe { self.gl.buffer_data_u8_slice(glow::ELEMENT_ARRAY_BUFFER, bytes, glow::STATIC_DRAW) };
    }
}

impl Drop for MeshBuffers {
    #[expect(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the context is current, and the objects are its own.
        unsafe {
            if let Some(vertex_array) = self.vertex_array {
                self.gl.delete_vertex_array(vertex_array);
            }
            self.gl.delete_buffer(self.vertices);
            self.gl.delete_buffer(self.indices);
        }
    }
}
