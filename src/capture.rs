//! Pictures as files, and the difference between two pictures.

use image::RgbImage;
use std::io;

/// Encodes a picture as PNG.
///
/// # Errors
/// Returns the encoder's error.
pub fn png(picture: &RgbImage) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut content);
    picture.write_with_encoder(encoder).map_err(io::Error::other)?;
    Ok(content)
}

/// Joins two pictures of the same height.
pub fn side_by_side(left: &RgbImage, right: &RgbImage) -> RgbImage {
    let mut pair = RgbImage::new(left.width() + right.width(), left.height().max(right.height()));
    image::imageops::replace(&mut pair, left, 0, 0);
    image::imageops::replace(&mut pair, right, i64::from(left.width()), 0);
    pair
}

/// How two pictures of the same size differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Number of pixels that differ by more than the tolerance in any channel.
    pub pixels: u64,
    /// Number of all pixels.
    pub of: u64,
    /// White where they differ by more than the tolerance, black elsewhere.
    pub picture: RgbImage,
}

impl Difference {
    /// The share of pixels that are equal within the tolerance, from 0 to 1.
    pub fn equal_share(&self) -> f64 {
        1.0 - self.pixels as f64 / self.of as f64
    }
}

/// Compares two pictures channel by channel, with a tolerance in steps of 1/255. `None` if their sizes differ.
pub fn compare(a: &RgbImage, b: &RgbImage, tolerance: u8) -> Option<Difference> {
    if a.dimensions() != b.dimensions() {
        return None;
    }
    let mut picture = RgbImage::new(a.width(), a.height());
    let mut pixels = 0;
    for ((pa, pb), out) in a.pixels().zip(b.pixels()).zip(picture.pixels_mut()) {
        if pa.0.iter().zip(pb.0).any(|(x, y)| x.abs_diff(y) > tolerance) {
            out.0 = [255; 3];
            pixels += 1;
        }
    }
    Some(Difference { pixels, of: u64::from(a.width()) * u64::from(a.height()), picture })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_within_the_tolerance_are_equal() {
        let a = RgbImage::from_pixel(2, 1, image::Rgb([10, 20, 30]));
        let mut b = a.clone();
        b.get_pixel_mut(0, 0).0 = [12, 18, 30];
        b.get_pixel_mut(1, 0).0 = [13, 20, 30];
        let difference = compare(&a, &b, 2).unwrap();
        assert_eq!((difference.pixels, difference.of), (1, 2));
        assert_eq!(difference.equal_share(), 0.5);
        assert_eq!(compare(&a, &RgbImage::new(1, 1), 2), None);
    }

    #[test]
    fn a_picture_survives_the_way_to_png_and_back() {
        let picture = RgbImage::from_pixel(3, 2, image::Rgb([1, 2, 3]));
        let content = png(&picture).unwrap();
        assert_eq!(image::load_from_memory(&content).unwrap().to_rgb8(), picture);
    }
}
