//! The pixels of an X server's screen.

use crate::render::{Channels, Pixels};
use x11rb::protocol::xproto::{ImageOrder, Screen, Setup, VisualClass};

/// How the screen's visual and the server's images represent a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelFormat {
    pub visual: u32,
    /// Bits of a pixel that carry colour.
    pub depth: u8,
    /// Bits from one pixel to the next, in an image.
    bits_per_pixel: u8,
    /// Rows start at a multiple of this many bits.
    scanline_pad: u8,
    /// Which bits of a pixel are red, green and blue.
    masks: [u32; 3],
    byte_order: ImageOrder,
}

impl PixelFormat {
    /// The format of windows that have the visual of `screen`.
    ///
    /// # Errors
    /// Returns an error if its pixels aren't red, green and blue.
    pub fn of(setup: &Setup, screen: &Screen) -> Result<PixelFormat, String> {
        let depth = screen.root_depth;
        let visuals = screen.allowed_depths.iter().flat_map(|depth| &depth.visuals);
        let visual = visuals.into_iter().find(|visual| visual.visual_id == screen.root_visual);
        let format = setup.pixmap_formats.iter().find(|format| format.depth == depth);
        let (Some(visual), Some(format)) = (visual, format) else {
            return Err(format!("the X server describes no pixels with {depth} bits"));
        };
        if visual.class != VisualClass::TRUE_COLOR || !matches!(format.bits_per_pixel, 16 | 24 | 32) {
            return Err(format!(
                "the X server's screen has {depth} bits per pixel that aren't red, green and blue"
            ));
        }
        Ok(PixelFormat {
            visual: visual.visual_id,
            depth,
            bits_per_pixel: format.bits_per_pixel,
            scanline_pad: format.scanline_pad,
            masks: [visual.red_mask, visual.green_mask, visual.blue_mask],
            byte_order: setup.image_byte_order,
        })
    }

    /// Bytes of a row of `width` pixels.
    pub fn stride(&self, width: u32) -> usize {
        let bits = width as usize * usize::from(self.bits_per_pixel);
        bits.next_multiple_of(usize::from(self.scanline_pad).max(8)) / 8
    }

    /// Whether pictures with these channels need no conversion.
    pub fn is(&self, channels: Channels) -> bool {
        channels == Channels::Bgra
            && self.bits_per_pixel == 32
            && self.masks == [0xff_0000, 0xff00, 0xff]
            && self.byte_order == ImageOrder::LSB_FIRST
    }

    /// Writes `pixels`, in rows of `width`, into `image`, with the top row first.
    pub fn write(&self, pixels: Pixels, width: u32, image: &mut [u8]) {
        let rows = pixels.bytes.chunks_exact(width as usize * 4).rev();
        for (row, line) in rows.zip(image.chunks_exact_mut(self.stride(width))) {
            if self.is(pixels.channels) {
                line.copy_from_slice(row);
            } else {
                self.write_row(row, pixels.channels, line);
            }
        }
    }

    fn write_row(&self, row: &[u8], channels: Channels, line: &mut [u8]) {
        let bytes = usize::from(self.bits_per_pixel) / 8;
        for (pixel, place) in row.chunks_exact(4).zip(line.chunks_exact_mut(bytes)) {
            let rgb = match channels {
                Channels::Bgra => [pixel[2], pixel[1], pixel[0]],
                Channels::Rgba => [pixel[0], pixel[1], pixel[2]],
            };
            let value = self.value(rgb);
            if self.byte_order == ImageOrder::LSB_FIRST {
                place.copy_from_slice(&value.to_le_bytes()[..bytes]);
            } else {
                place.copy_from_slice(&value.to_be_bytes()[4 - bytes..]);
            }
        }
    }

    /// A pixel of this colour.
    fn value(&self, rgb: [u8; 3]) -> u32 {
        let channel = |(mask, value): (u32, u8)| {
            let shift = mask.trailing_zeros().min(31);
            let most = u64::from(mask >> shift);
            // Rounded, as OpenGL does it (OpenGL 4.6, section 2.3.5.2).
            (((u64::from(value) * most + 127) / 255) as u32) << shift
        };
        self.masks.into_iter().zip(rgb).map(channel).fold(0, |pixel, bits| pixel | bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: PixelFormat = PixelFormat {
        visual: 0,
        depth: 24,
        bits_per_pixel: 32,
        scanline_pad: 32,
        masks: [0xff_0000, 0xff00, 0xff],
        byte_order: ImageOrder::LSB_FIRST,
    };

    /// The image of a column of two pixels, the lower one first.
    fn image(format: &PixelFormat, channels: Channels, bytes: &[u8; 8]) -> Vec<u8> {
        let mut image = vec![0; 2 * format.stride(1)];
        format.write(Pixels { bytes, channels }, 1, &mut image);
        image
    }

    #[test]
    fn a_picture_is_turned_upside_down_and_its_channels_are_put_in_order() {
        let bytes = [1, 2, 3, 0, 4, 5, 6, 0];
        assert_eq!(image(&COMMON, Channels::Bgra, &bytes), [4, 5, 6, 0, 1, 2, 3, 0]);
        assert_eq!(image(&COMMON, Channels::Rgba, &bytes), [6, 5, 4, 0, 3, 2, 1, 0]);
    }

    #[test]
    fn a_server_of_the_other_byte_order_gets_its_own() {
        let format = PixelFormat { byte_order: ImageOrder::MSB_FIRST, ..COMMON };
        assert_eq!(image(&format, Channels::Bgra, &[1, 2, 3, 0, 4, 5, 6, 0]), [0, 6, 5, 4, 0, 3, 2, 1]);
        let format = PixelFormat { bits_per_pixel: 16, depth: 16, masks: [0xf800, 0x7e0, 0x1f], ..format };
        // Pure red is the highest five bits.
        assert_eq!(image(&format, Channels::Rgba, &[255, 0, 0, 0, 0, 0, 255, 0]), [0, 0x1f, 0, 0, 0xf8, 0, 0, 0]);
    }

    #[test]
    fn every_depth_has_its_colours() {
        let at_16 = PixelFormat { masks: [0xf800, 0x7e0, 0x1f], ..COMMON };
        let at_30 = PixelFormat { masks: [0x3ff0_0000, 0xf_fc00, 0x3ff], ..COMMON };
        assert_eq!(at_16.value([255, 255, 255]), 0xffff);
        assert_eq!(at_16.value([193, 24, 0]), (23 << 11) | (6 << 5));
        assert_eq!(at_30.value([255, 255, 255]), 0x3fff_ffff);
        assert_eq!(at_30.value([193, 24, 0]), (774 << 20) | (96 << 10));
        assert_eq!(COMMON.value([193, 24, 7]), 0xc1_1807);
    }

    #[test]
    fn rows_are_padded() {
        let packed = PixelFormat { bits_per_pixel: 24, ..COMMON };
        assert_eq!([1, 2, 3, 4].map(|width| packed.stride(width)), [4, 8, 12, 12]);
        let at_16 = PixelFormat { bits_per_pixel: 16, ..COMMON };
        assert_eq!([1, 2, 3].map(|width| at_16.stride(width)), [4, 4, 8]);
        // The padding is left alone.
        let mut image = vec![9; 2 * packed.stride(1)];
        packed.write(Pixels { bytes: &[1, 2, 3, 0, 4, 5, 6, 0], channels: Channels::Bgra }, 1, &mut image);
        assert_eq!(image, [4, 5, 6, 9, 1, 2, 3, 9]);
    }
}
