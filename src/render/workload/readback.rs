//! Pictures read back to the CPU.

use super::{Classic, Workload, pixels};
use crate::render::{Framebuffer, Functions, RenderError};
use glow::HasContext;
use std::rc::Rc;

/// Pixel buffers in turn: while the GPU writes into some, the oldest is read.
const RING: usize = 4;
/// Bytes of a pixel: red, green, blue, alpha, as the framebuffer holds them, so that nobody converts.
const BYTES_PER_PIXEL: usize = 4;

/// glxgears' scene, drawn once a frame and read back several times through a ring of pixel buffers, so that drawing
/// takes a small part of the time. Its work: bytes that have arrived.
pub struct Readback {
    gl: Functions,
    scene: Classic,
    framebuffer: Rc<Framebuffer>,
    buffers: Vec<glow::Buffer>,
    next: usize,
    is_filled: [bool; RING],
    reads: u32,
    bytes: usize,
}

impl Readback {
    /// Reads pictures of `framebuffer`, which is what is drawn into.
    ///
    /// # Errors
    /// Where the driver refuses a buffer.
    #[expect(unsafe_code)]
    pub fn new(gl: &Functions, scene: Classic, framebuffer: Rc<Framebuffer>) -> Result<Readback, RenderError> {
        let bytes = pixels(&framebuffer) as usize * BYTES_PER_PIXEL;
        let mut readback = Readback {
            gl: gl.clone(),
            scene,
            framebuffer,
            buffers: Vec::with_capacity(RING),
            next: 0,
            is_filled: [false; RING],
            reads: 1,
            bytes,
        };
        for _ in 0..RING {
            // SAFETY: the context is current.
            unsafe {
                let buffer = gl.create_buffer().map_err(|reason| RenderError { what: "a buffer", reason })?;
                readback.buffers.push(buffer);
                gl.bind_buffer(glow::PIXEL_PACK_BUFFER, Some(buffer));
                gl.buffer_data_size(glow::PIXEL_PACK_BUFFER, bytes as i32, glow::STREAM_READ);
                gl.bind_buffer(glow::PIXEL_PACK_BUFFER, None);
            }
        }
        Ok(readback)
    }

    /// Takes what the GPU has written into the bound buffer: waits until it is there, and looks at it.
    #[expect(unsafe_code)]
    fn take(&self) {
        // SAFETY: the context is current, and the buffer that is bound has this many bytes. It is mapped until it is
        // unmapped, and read in between only.
        unsafe {
            let data = self.gl.map_buffer_range(glow::PIXEL_PACK_BUFFER, 0, self.bytes as i32, glow::MAP_READ_BIT);
            if !data.is_null() {
                // A byte of each end: a driver that puts off the transfer until somebody looks has to do it now.
                std::hint::black_box((data.read_volatile(), data.add(self.bytes - 1).read_volatile()));
            }
            self.gl.unmap_buffer(glow::PIXEL_PACK_BUFFER);
        }
    }
}

impl Workload for Readback {
    fn bind(&self) {
        self.scene.bind();
    }

    fn set_load(&mut self, reads: u32) -> Result<(), RenderError> {
        self.reads = reads;
        Ok(())
    }

    fn work(&self) -> f64 {
        f64::from(self.reads) * self.bytes as f64
    }

    #[expect(unsafe_code)]
    fn draw(&mut self, angle: f64) {
        self.scene.draw(angle);
        self.framebuffer.resolve();
        self.framebuffer.bind_for_reading();
        let (width, height) = self.framebuffer.size();
        for _ in 0..self.reads {
            let slot = self.next;
            self.next = (slot + 1) % RING;
            // SAFETY: the context is current; the buffer that is bound holds a whole picture.
            unsafe {
                self.gl.bind_buffer(glow::PIXEL_PACK_BUFFER, Some(self.buffers[slot]));
                if self.is_filled[slot] {
                    self.take();
                }
                let start = glow::PixelPackData::BufferOffset(0);
                self.gl.read_pixels(0, 0, width as i32, height as i32, glow::RGBA, glow::UNSIGNED_BYTE, start);
            }
            self.is_filled[slot] = true;
        }
        // SAFETY: the context is current.
        unsafe { self.gl.bind_buffer(glow::PIXEL_PACK_BUFFER, None) };
        self.framebuffer.bind();
    }
}

impl Drop for Readback {
    #[expect(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the context is current, and the buffers are its own.
        unsafe { self.buffers.iter().for_each(|&buffer| self.gl.delete_buffer(buffer)) };
    }
}
