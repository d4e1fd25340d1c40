//! Pictures as files, and how much two pictures differ.

use image::RgbImage;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A PNG file that will be written at the end of a run, and is opened at its start: who asks for a picture after an
/// hour's run should not learn only then that the folder is not writable.
#[derive(Debug)]
pub struct PngFile {
    path: PathBuf,
    file: File,
    /// The file was not there before, so nothing but an empty file is lost with it.
    is_new: bool,
    is_written: bool,
}

/// A picture could not be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "the picture {path} cannot be written: {reason}\nName a file in a folder that is there and writable; in a container, mount one: -v \"$PWD:/out\""
)]
pub struct CaptureError {
    path: String,
    reason: String,
}

impl PngFile {
    /// Opens the file for writing, and makes it where it is not there. Leaves what it holds as it is.
    ///
    /// # Errors
    /// Where that is not possible.
    pub fn open(path: &Path) -> Result<PngFile, CaptureError> {
        let is_new = !path.exists();
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|e| CaptureError { path: path.display().to_string(), reason: e.to_string() })?;
        Ok(PngFile { path: path.to_owned(), file, is_new, is_written: false })
    }

    /// Replaces what the file holds by `picture`.
    ///
    /// # Errors
    /// Where the file cannot be written: no space, for example.
    pub fn write(mut self, picture: &RgbImage) -> Result<(), CaptureError> {
        let written = self.encode(picture);
        self.is_written = written.is_ok();
        written.map_err(|e| CaptureError { path: self.path.display().to_string(), reason: e.to_string() })
    }

    fn encode(&self, picture: &RgbImage) -> io::Result<()> {
        // A pipe or a device has no length to cut.
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        let mut writer = BufWriter::new(&self.file);
        picture
            .write_with_encoder(image::codecs::png::PngEncoder::new(&mut writer))
            .map_err(|e| io::Error::other(innermost(&e)))?;
        writer.flush()
    }
}

impl Drop for PngFile {
    fn drop(&mut self) {
        if self.is_new && !self.is_written {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The cause at the bottom of an error: the encoder wraps the operating system's words several times.
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

/// Two pictures of the same height beside each other.
pub fn side_by_side(left: &RgbImage, right: &RgbImage) -> RgbImage {
    let mut pair = RgbImage::new(left.width() + right.width(), left.height().max(right.height()));
    image::imageops::replace(&mut pair, left, 0, 0);
    image::imageops::replace(&mut pair, right, i64::from(left.width()), 0);
    pair
}

/// How two pictures of the same size differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Pixels of which a channel differs by more than the tolerance.
    pub pixels: u64,
    /// All pixels.
    pub of: u64,
    /// White where they differ by more than the tolerance, black elsewhere.
    pub picture: RgbImage,
}

impl Difference {
    /// The share of pixels that are equal within the tolerance, 0 to 1.
    pub fn equal_share(&self) -> f64 {
        1.0 - self.pixels as f64 / self.of as f64
    }
}

/// Compares two pictures, channel by channel, with a tolerance in steps of 1/255. `None` where their sizes differ.
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
    fn an_unwritten_new_file_leaves_nothing_behind_and_an_old_one_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("new.png"), folder.path().join("old.png"));
        fs::write(&old, "precious").unwrap();
        drop((PngFile::open(&new).unwrap(), PngFile::open(&old).unwrap()));
        assert!(!new.exists());
        assert_eq!(fs::read_to_string(&old).unwrap(), "precious");
    }

    #[test]
    fn a_shorter_picture_replaces_a_longer_file_wholly() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        fs::write(&path, vec![7; 100_000]).unwrap();
        let picture = RgbImage::from_pixel(3, 2, image::Rgb([1, 2, 3]));
        PngFile::open(&path).unwrap().write(&picture).unwrap();
        assert_eq!(image::open(&path).unwrap().to_rgb8(), picture);
        assert!(fs::metadata(&path).unwrap().len() < 1000);
    }
}
