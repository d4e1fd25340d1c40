//! Text output: glxgears' lines, letter for letter, and our own.

use super::summary::{Interval, Summary};
use crate::canvas::{Drawing, Target};

/// glxgears' FPS line.
pub fn fps_line(interval: Interval) -> String {
    format!("{} frames in {:3.1} seconds = {:6.3} FPS", interval.frames, interval.seconds, interval.fps)
}

/// glxgears' notice about vertical synchronisation, for an interval in refreshes per frame.
pub fn synchronised_notice(interval: u32) -> String {
    let rate = match interval {
        0 | 1 => "approximately the same as the monitor refresh rate.".to_owned(),
        n => format!("approximately 1/{n} the monitor refresh rate."),
    };
    format!("Running synchronized to the vertical refresh.  The framerate should be\n{rate}")
}

/// glxgears' lines about OpenGL, as with `-info`.
pub fn gl_strings(drawing: &Drawing, extensions: &str) -> String {
    format!(
        "GL_RENDERER   = {}\nGL_VERSION    = {}\nGL_VENDOR     = {}\nGL_EXTENSIONS = {extensions}",
        drawing.renderer.renderer, drawing.renderer.version, drawing.renderer.vendor
    )
}

/// glxgears' line about the visual.
pub fn visual(id: u64) -> String {
    format!("VisualID {id}, 0x{id:x}")
}

/// glxgears' message if the display can't be opened.
pub fn could_not_open_display(display: &str) -> String {
    format!("Error: couldn't open display {display}")
}

/// glxgears' message if there is no suitable visual.
pub fn could_not_get_visual(stereo: bool, multisample: bool) -> String {
    let stereo = if stereo { ", Stereo" } else { "" };
    let multisample = if multisample { ", Multisample" } else { "" };
    format!("Error: couldn't get an RGB, Double-buffered{stereo}{multisample} visual")
}

/// The summary, for people.
pub fn summary(summary: &Summary) -> String {
    let frames = match summary.frames {
        1 => "1 frame".to_owned(),
        n => format!("{n} frames"),
    };
    let mut text = format!("{frames} in {:.1} s", summary.seconds);
    if let (Some(fps), Some(p50), Some(p99)) = (summary.fps, summary.frame_time_p50_ms, summary.frame_time_p99_ms)
    {
        text = format!("{frames} in {:.1} s, {fps:.1} FPS on average; ", summary.seconds);
        text += &format!("frame time p50 {}, p99 {}", milliseconds(p50), milliseconds(p99));
    }
    let copy = summary
        .copy
        .map(|copy| format!("; each frame copied through {} in {}", copy.through.text(), milliseconds(copy.ms)));
    format!("{text}\n            {}{}", drawing(&summary.drawing), copy.unwrap_or_default())
}

/// What drew, on one line.
pub fn drawing(drawing: &Drawing) -> String {
    let Drawing { renderer, kind, api, target, device, width, height, samples, present: _ } = drawing;
    let place = match target {
        Target::OnScreen | Target::Copied => format!("on-screen on {device}"),
        Target::OffScreen => format!("off-screen on {device}"),
    };
    let samples = if *samples > 0 { format!(", {samples} samples") } else { String::new() };
    format!("{} ({kind}) drew {place} through {api}, {width}x{height}{samples}", renderer.renderer)
}

pub fn title(drawing: &Drawing, fps: Option<f64>) -> String {
    match fps {
        Some(fps) => format!("rust-gears: {fps:.0} FPS, {}", drawing.renderer.renderer),
        None => format!("rust-gears: {}", drawing.renderer.renderer),
    }
}

/// Milliseconds with three significant digits.
fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 0.1 => format!("{ms:.4} ms"),
        ms if ms < 1.0 => format!("{ms:.3} ms"),
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms => format!("{ms:.1} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fps_line_is_glxgears_to_the_letter() {
        // printf("%d frames in %3.1f seconds = %6.3f FPS\n")
        let line = |frames, seconds, fps| fps_line(Interval { frames, seconds, fps });
        assert_eq!(line(6327, 5.0004, 1265.298), "6327 frames in 5.0 seconds = 1265.298 FPS");
        assert_eq!(line(2, 5.5, 0.3636), "2 frames in 5.5 seconds =  0.364 FPS");
    }

    #[test]
    fn the_notice_is_glxgears_to_the_letter() {
        assert_eq!(
            synchronised_notice(1),
            "Running synchronized to the vertical refresh.  The framerate should be\n\
             approximately the same as the monitor refresh rate."
        );
        assert!(synchronised_notice(2).ends_with("\napproximately 1/2 the monitor refresh rate."));
    }
}
