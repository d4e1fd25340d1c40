//! Vertices and indices in the GPU's memory.

use super::{Functions, RenderError};
use glow::HasContext;

/// A vertex array with its vertex and its index buffer, which delete themselves.
pub struct Geometry {
    gl: Functions,
    vertex_array: glow::VertexArray,
    vertices: glow::Buffer,
    indices: glow::Buffer,
}

/// A vertex attribute: number of components, their type, whether integers stand for 0 to 1, and bytes from the start
/// of the vertex. Its location is its place in the list.
pub type Attribute = (i32, u32, bool, i32);

impl Geometry {
    /// Empty buffers for vertices of `stride` bytes with these `attributes`. Leaves the vertex array bound, and the
    /// vertex buffer, too.
    ///
    /// # Errors
    /// Where the driver refuses an object.
    #[expect(unsafe_code)]
    pub fn new(gl: &Functions, stride: i32, attributes: &[Attribute]) -> Result<Geometry, RenderError> {
        let object = |what| move |reason| RenderError { what, reason };
        // SAFETY: the context is current.
        unsafe {
            let geometry = Geometry {
                gl: gl.clone(),
                vertex_array: gl.create_vertex_array().map_err(object("a vertex array"))?,
                vertices: gl.create_buffer().map_err(object("a buffer"))?,
                indices: gl.create_buffer().map_err(object("a buffer"))?,
            };
            geometry.bind();
            gl.bind_buffer(glow::ELEMENT_ARRAY_BUFFER, Some(geometry.indices));
            for (location, &(size, kind, normalized, offset)) in (0..).zip(attributes) {
                gl.vertex_attrib_pointer_f32(location, size, kind, normalized, stride, offset);
                gl.enable_vertex_attrib_array(location);
            }
            Ok(geometry)
        }
    }

    /// Draws from these buffers from now on; writes to the vertex buffer go to this one.
    #[expect(unsafe_code)]
    pub fn bind(&self) {
        // SAFETY: the context is current.
        unsafe {
            self.gl.bind_vertex_array(Some(self.vertex_array));
            self.gl.bind_buffer(glow::ARRAY_BUFFER, Some(self.vertices));
        }
    }

    /// Replaces the vertices. The geometry is bound.
    #[expect(unsafe_code)]
    pub fn set_vertices<T: bytemuck::NoUninit>(&self, vertices: &[T]) {
        // SAFETY: the context is current, and the slice lives as long as the call.
        unsafe {
            self.gl.buffer_data_u8_slice(glow::ARRAY_BUFFER, bytemuck::cast_slice(vertices), glow::STATIC_DRAW);
        }
    }

    /// Replaces the indices. The geometry is bound.
    #[expect(unsafe_code)]
    pub fn set_indices<T: bytemuck::NoUninit>(&self, indices: &[T]) {
        let bytes = bytemuck::cast_slice(indices);
        // SAFETY: the context is current, and the slice lives as long as the call.
        unsafe { self.gl.buffer_data_u8_slice(glow::ELEMENT_ARRAY_BUFFER, bytes, glow::STATIC_DRAW) };
    }
}

impl Drop for Geometry {
    #[expect(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the context is current, and the objects are its own.
        unsafe {
            self.gl.delete_vertex_array(self.vertex_array);
            self.gl.delete_buffer(self.vertices);
            self.gl.delete_buffer(self.indices);
        }
    }
}
