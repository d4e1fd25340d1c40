//! Pictures read back to the CPU.

use super::Workload;
use crate::render::{Abilities, Framebuffer, Functions, Gears, RenderError};
use crate::scene::{Eye, View, transforms};
use glow::HasContext;
use std::rc::Rc;

/// Pixel buffers in a ring: while the GPU writes into some, the oldest is read.
const RING: usize = 4;
/// Bytes per pixel: red, green, blue, alpha, like the framebuffer, which avoids a conversion.
const BYTES_PER_PIXEL: usize = 4;

/// Side of the corner that is drawn, in pixels.
const CORNER: u32 = 300;

/// A picture with glxgears' scene in its corner, drawn once per frame and read back whole, several times, through a
/// ring of pixel buffers. Clearing and drawing all of it would take an H100 longer than reading it. Its work is
/// measured in bytes that have arrived.
pub struct Readback {
    gl: Functions,
    gears: Rc<Gears>,
    corner: (u32, u32),
    framebuffer: Rc<Framebuffer>,
    buffers: Vec<glow::Buffer>,
    next: usize,
    is_filled: [bool; RING],
    reads: u32,
    bytes: usize,
}

impl Readback {
    /// Draws with `gears` into `framebuffer`, and reads from it.
    ///
    /// # Errors
    /// Returns an error if the driver refuses a buffer, or if the context has no pixel buffers.
    #[expect(unsafe_code)]
    pub fn new(gl: &Functions, gears: Rc<Gears>, framebuffer: Rc<Framebuffer>) -> Result<Readback, RenderError> {
        let abilities = Abilities::of(gl);
        abilities.require(abilities.mapping, "pixel buffers that can be mapped in part")?;
        let (width, height) = framebuffer.size();
        let corner = (width.min(CORNER), height.min(CORNER));
        let bytes = width as usize * height as usize * BYTES_PER_PIXEL;
        let mut readback = Readback {
            gl: gl.clone(),
            gears,
            corner,
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
                let buffer =
                    gl.create_buffer().map_err(|reason| RenderError::Refused { what: "a buffer", reason })?;
                readback.buffers.push(buffer);
                gl.bind_buffer(glow::PIXEL_PACK_BUFFER, Some(buffer));
                gl.buffer_data_size(glow::PIXEL_PACK_BUFFER, bytes as i32, glow::STREAM_READ);
                gl.bind_buffer(glow::PIXEL_PACK_BUFFER, None);
            }
        }
        Ok(readback)
    }

    /// Waits until the GPU has written into the bound buffer, and reads from it.
    #[expect(unsafe_code)]
    fn take(&self) {
        // SAFETY: the context is current, and the buffer that is bound has this many bytes. It is mapped until it is
        // unmapped, and read in between only.
        unsafe {
            let data = self.gl.map_buffer_range(glow::PIXEL_PACK_BUFFER, 0, self.bytes as i32, glow::MAP_READ_BIT);
            if !data.is_null() {
                // Reads a byte at each end: a driver that delays the transfer until somebody reads must do it now.
                std::hint::black_box((data.read_volatile(), data.add(self.bytes - 1).read_volatile()));
            }
            self.gl.unmap_buffer(glow::PIXEL_PACK_BUFFER);
        }
    }
}

impl Workload for Readback {
    fn bind(&self) {
        self.gears.bind();
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
        let (width, height) = self.corner;
        // SAFETY: the context is current.
        unsafe {
            self.gl.enable(glow::SCISSOR_TEST);
            self.gl.scissor(0, 0, width as i32, height as i32);
        }
        self.gears.set_viewport(self.corner);
        self.gears.draw(&transforms(self.corner, Eye::Mono, View::default(), angle));
        // SAFETY: the context is current.
        unsafe { self.gl.disable(glow::SCISSOR_TEST) };
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
