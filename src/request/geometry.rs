//! X's notation for a window's size and position (XParseGeometry(3)): `[=][WxH][{+-}X{+-}Y]`.

use std::str::FromStr;

/// A window's size and position, as far as given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Geometry {
    /// Width and height in pixels, neither 0.
    pub size: Option<(u32, u32)>,
    /// Horizontal and vertical position.
    pub offset: Option<(Offset, Offset)>,
}

/// Distance of a window from an edge of the screen, in pixels. If negative, the window starts beyond the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    /// From the left or upper edge: `+10`.
    FromStart(i32),
    /// From the right or lower edge: `-10`.
    FromEnd(i32),
}

impl Offset {
    /// The window's first pixel along one axis, if the screen is `screen` and the window `window` pixels long.
    pub fn resolve(self, screen: u32, window: u32) -> i32 {
        let place = match self {
            Offset::FromStart(distance) => i64::from(distance),
            Offset::FromEnd(distance) => i64::from(screen) - i64::from(window) - i64::from(distance),
        };
        place.clamp(i16::MIN.into(), i16::MAX.into()) as i32
    }
}

/// The largest size and distance X11 can express (its coordinates are 16 bits wide).
const X11_MAX: u32 = 32_767;

impl FromStr for Geometry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let complaint = || format!("'{text}' is not a geometry; use WxH, +X+Y or WxH+X+Y, as in 640x480+10-20");
        let rest = text.strip_prefix('=').unwrap_or(text);
        let offset_at = rest.find(['+', '-']).unwrap_or(rest.len());
        let (size, offset) = rest.split_at(offset_at);
        let size = if size.is_empty() {
            None
        } else {
            let (width, height) = size.split_once(['x', 'X']).ok_or_else(complaint)?;
            Some((side(width).ok_or_else(complaint)?, side(height).ok_or_else(complaint)?))
        };
        let offset = if offset.is_empty() {
            None
        } else {
            let (x, rest) = distance(offset).ok_or_else(complaint)?;
            let (y, rest) = distance(rest).ok_or_else(complaint)?;
            if !rest.is_empty() {
                return Err(complaint());
            }
            Some((x, y))
        };
        match (size, offset) {
            (None, None) => Err(complaint()),
            (Some((width, height)), _) if width == 0 || height == 0 => {
                Err(format!("'{text}': a window needs a width and a height of at least 1 pixel"))
            }
            (Some((width, height)), _) if width > X11_MAX || height > X11_MAX => {
                Err(format!("'{text}': X knows no window larger than {X11_MAX} pixels"))
            }
            _ => Ok(Geometry { size, offset }),
        }
    }
}

/// Parses the length of a side. If the number doesn't fit, the result is the largest possible, because the user
/// should read "too large" rather than "not a number".
fn side(digits: &str) -> Option<u32> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| digits.parse().unwrap_or(u32::MAX))
}

/// Parses one `{+-}[-]N` at the start of `text`. Returns it and the rest.
fn distance(text: &str) -> Option<(Offset, &str)> {
    let kind = match text.as_bytes().first()? {
        b'+' => Offset::FromStart,
        b'-' => Offset::FromEnd,
        _ => return None,
    };
    let number = &text[1..];
    let sign_len = usize::from(number.starts_with('-'));
    let end = number[sign_len..].find(|c: char| !c.is_ascii_digit()).map_or(number.len(), |i| i + sign_len);
    let value: i32 = number[..end].parse().ok()?;
    Some((kind(value), &number[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Offset::{FromEnd, FromStart};
    use proptest::prelude::*;

    #[test]
    fn what_x_understands_is_understood() {
        let parse = |text: &str| text.parse::<Geometry>().unwrap();
        assert_eq!(parse("640x480"), Geometry { size: Some((640, 480)), offset: None });
        assert_eq!(parse("=640X480"), Geometry { size: Some((640, 480)), offset: None });
        assert_eq!(parse("+10-20"), Geometry { size: None, offset: Some((FromStart(10), FromEnd(20))) });
        assert_eq!(parse("1x2-0+-5"), Geometry { size: Some((1, 2)), offset: Some((FromEnd(0), FromStart(-5))) });
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_reason() {
        for bad in
            ["", "=", "640", "x480", "640x", "0x10", "10x0", "640x480+1", "640x480+1+2+3", "axb", "1x1++", "-1x5"]
        {
            assert!(bad.parse::<Geometry>().is_err(), "{bad}");
        }
        assert!("99999999999x1".parse::<Geometry>().unwrap_err().contains("larger"));
    }

    #[test]
    fn negative_offsets_count_from_the_far_edge() {
        assert_eq!(FromStart(10).resolve(1920, 300), 10);
        assert_eq!(FromEnd(10).resolve(1920, 300), 1610);
        assert_eq!(FromEnd(0).resolve(100, 300), -200);
        assert_eq!(FromStart(i32::MIN).resolve(100, 300), i32::from(i16::MIN));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Geometry>();
        }

        #[test]
        fn every_geometry_survives_the_way_to_text_and_back(
            w in 1u32..=X11_MAX, h in 1u32..=X11_MAX, x: i16, y: i16, right: bool, bottom: bool,
        ) {
            let sign = |end| if end { '-' } else { '+' };
            let kind = |end: bool, n: i16| if end { FromEnd(n.into()) } else { FromStart(n.into()) };
            let text = format!("{w}x{h}{}{x}{}{y}", sign(right), sign(bottom));
            let geometry = Geometry { size: Some((w, h)), offset: Some((kind(right, x), kind(bottom, y))) };
            prop_assert_eq!(text.parse::<Geometry>(), Ok(geometry));
        }
    }
}
