//! The swap interval. What was requested, what the driver says it accepted, and what was measured can all differ.

use super::x11::errors as x_errors;
use glutin::api::glx;
use glutin::display::GetDisplayExtensions;
use glutin::prelude::GlSurface;
use glutin::surface::{AsRawSurface, RawSurface};
use serde::{Deserialize, Serialize};
use std::ffi::{CStr, CString, c_int, c_uint, c_ulong, c_void};
use std::num::NonZeroU32;

/// The swap interval as requested and as accepted, in refreshes per frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwapInterval {
    /// What the user asked for.
    pub asked: Option<i32>,
    /// The interval in effect according to the driver; `None` if the driver doesn't say.
    pub accepted: Option<i32>,
    /// Why the request was refused.
    pub refusal: Option<String>,
}

/// A swap interval as requested, as accepted and as measured: a part of the reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasuredSwapInterval {
    /// What the user asked for, in refreshes per frame.
    pub asked: Option<i32>,
    /// The interval in effect, according to the driver.
    pub accepted: Option<i32>,
    /// Why the request was refused.
    pub refusal: Option<String>,
    /// What the frame rate reveals.
    pub measured: String,
}

impl MeasuredSwapInterval {
    pub fn new(interval: &SwapInterval, measured: Synchronisation) -> MeasuredSwapInterval {
        let SwapInterval { asked, accepted, refusal } = interval.clone();
        MeasuredSwapInterval { asked, accepted, refusal, measured: measured.text().into() }
    }

    pub fn words(&self) -> String {
        let number = |n: Option<i32>, none: &str| n.map_or_else(|| none.to_owned(), |n| n.to_string());
        let refusal = self.refusal.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!(
            "asked {}, accepted {}{refusal}, measured: {}",
            number(self.asked, "none"),
            number(self.accepted, "unknown"),
            self.measured
        )
    }
}

impl SwapInterval {
    /// The interval of frames that are copied: no refresh of the screen paces them.
    pub(super) fn of_copies(asked: Option<i32>) -> SwapInterval {
        let refusal =
            asked.filter(|interval| *interval != 0).map(|_| "copied frames wait for no refresh".to_owned());
        SwapInterval { asked, accepted: Some(0), refusal }
    }
}

/// What the frame rate reveals about vertical synchronisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronisation {
    /// The rate is the display's, divided by the interval.
    Synchronised,
    /// The rate is another.
    Free,
    /// The display has no refresh rate to compare with.
    Unknown,
}

impl Synchronisation {
    pub fn text(self) -> &'static str {
        match self {
            Synchronisation::Synchronised => "synchronised",
            Synchronisation::Free => "not synchronised",
            Synchronisation::Unknown => "unknown",
        }
    }

    /// Judges a measured rate, in frames per second, against a display's `refresh` rate in Hz. A rate within 3 %
    /// counts as synchronised, which is more than the error of five seconds at 30 FPS.
    pub fn judge(fps: f64, refresh: Option<f64>, interval: Option<i32>) -> Synchronisation {
        let Some(refresh) = refresh else { return Synchronisation::Unknown };
        if interval == Some(0) {
            return Synchronisation::Free;
        }
        let expected = refresh / f64::from(interval.unwrap_or(1).unsigned_abs());
        if (fps / expected - 1.0).abs() < 0.03 { Synchronisation::Synchronised } else { Synchronisation::Free }
    }
}

/// Sets the interval on a GLX surface, using an extension that can, and reads back what is in effect.
pub fn set_glx<S: AsRawSurface>(display: &glx::display::Display, surface: &S, asked: Option<i32>) -> SwapInterval {
    let control = GlxSwapControl::new(display, surface);
    let refusal = asked.and_then(|interval| control.set(interval).err());
    SwapInterval { asked, accepted: control.get(), refusal }
}

/// Sets the interval on an EGL surface. EGL clamps it silently, and the result can't be read back.
pub fn set_egl<S: GlSurface<T, Context = C>, T: glutin::surface::SurfaceTypeTrait, C>(
    surface: &S,
    context: &C,
    asked: Option<i32>,
) -> SwapInterval {
    let Some(interval) = asked else { return SwapInterval { asked, accepted: None, refusal: None } };
    let outcome = match u32::try_from(interval).map(NonZeroU32::new) {
        Err(_) => Err("EGL has no negative intervals".to_owned()),
        Ok(None) => {
            surface.set_swap_interval(context, glutin::surface::SwapInterval::DontWait).map_err(|e| e.to_string())
        }
        Ok(Some(n)) => {
            surface.set_swap_interval(context, glutin::surface::SwapInterval::Wait(n)).map_err(|e| e.to_string())
        }
    };
    let accepted = outcome.is_ok().then_some(interval);
    SwapInterval { asked, accepted, refusal: outcome.err() }
}

/// GLX has three extensions for the swap interval. glutin supports no negative intervals and can't read one back.
struct GlxSwapControl<'a> {
    display: &'a glx::display::Display,
    raw_display: *mut c_void,
    drawable: c_ulong,
}

impl<'a> GlxSwapControl<'a> {
    fn new<S: AsRawSurface>(display: &'a glx::display::Display, surface: &S) -> Self {
        use glutin::display::{AsRawDisplay, RawDisplay};
        let RawDisplay::Glx(raw_display) = display.raw_display() else { unreachable!("a GLX display is one") };
        let RawSurface::Glx(drawable) = surface.raw_surface() else { unreachable!("a GLX surface is one") };
        GlxSwapControl { display, raw_display: raw_display.cast_mut(), drawable }
    }

    fn has(&self, extension: &str) -> bool {
        self.display.extensions().contains(extension)
    }

    /// Whether the X server itself, and not only the client's library, supports the extension. Mesa's library lists
    /// `GLX_EXT_swap_control` on Xvfb, too, and crashes there if asked for the interval.
    #[expect(unsafe_code)]
    fn server_has(&self, extension: &str) -> bool {
        const GLX_EXTENSIONS: c_int = 3;
        // SAFETY: the display is open; the answer is null or a string that lives as long as it.
        unsafe {
            let text = self.display.glx().QueryServerString(self.raw_display.cast(), 0, GLX_EXTENSIONS);
            !text.is_null() && CStr::from_ptr(text).to_string_lossy().split(' ').any(|word| word == extension)
        }
    }

    fn function(&self, name: &str) -> Option<*const c_void> {
        use glutin::display::GlDisplay;
        let name = CString::new(name).ok()?;
        let pointer = self.display.get_proc_address(&name);
        (!pointer.is_null()).then_some(pointer)
    }

    #[expect(unsafe_code)]
    fn set(&self, interval: i32) -> Result<(), String> {
        type SetExt = unsafe extern "system" fn(*mut c_void, c_ulong, c_int);
        type SetMesa = unsafe extern "system" fn(c_uint) -> c_int;
        type SetSgi = unsafe extern "system" fn(c_int) -> c_int;
        if interval < 0 && !self.has("GLX_EXT_swap_control_tear") {
            return Err("a negative interval needs GLX_EXT_swap_control_tear, which is missing".into());
        }
        if self.has("GLX_EXT_swap_control")
            && let Some(pointer) = self.function("glXSwapIntervalEXT")
        {
            // SAFETY: the function's type is the extension's; display and drawable are open.
            let set = || unsafe {
                std::mem::transmute::<*const c_void, SetExt>(pointer)(self.raw_display, self.drawable, interval)
            };
            // NVIDIA's driver lists GLX_EXT_swap_control_tear on Xvfb, too, but the server refuses the value.
            return x_errors::checked(self.raw_display, set)
                .map_err(|code| format!("the X server refused it (X error {code})"));
        }
        let refused =
            |code: c_int| if code == 0 { Ok(()) } else { Err(format!("the driver refused it (code {code})")) };
        if let Ok(unsigned) = c_uint::try_from(interval)
            && self.has("GLX_MESA_swap_control")
            && let Some(pointer) = self.function("glXSwapIntervalMESA")
        {
            // SAFETY: the function's type is the extension's, and a context is current.
            return refused(unsafe { std::mem::transmute::<*const c_void, SetMesa>(pointer)(unsigned) });
        }
        // GLX_SGI_swap_control doesn't accept 0.
        if interval > 0
            && self.has("GLX_SGI_swap_control")
            && let Some(pointer) = self.function("glXSwapIntervalSGI")
        {
            // SAFETY: as above.
            return refused(unsafe { std::mem::transmute::<*const c_void, SetSgi>(pointer)(interval) });
        }
        Err("this driver has no way to set it".into())
    }

    #[expect(unsafe_code)]
    fn get(&self) -> Option<i32> {
        type GetMesa = unsafe extern "system" fn() -> c_int;
        const GLX_SWAP_INTERVAL_EXT: c_int = 0x20F1;
        if self.server_has("GLX_EXT_swap_control") {
            let mut interval: c_uint = 0;
            // SAFETY: display and drawable are open, and the server supports the attribute.
            unsafe {
                self.display.glx().QueryDrawable(
                    self.raw_display.cast(),
                    self.drawable,
                    GLX_SWAP_INTERVAL_EXT,
                    &mut interval,
                );
            }
            return i32::try_from(interval).ok();
        }
        let pointer = self.has("GLX_MESA_swap_control").then(|| self.function("glXGetSwapIntervalMESA"))??;
        // SAFETY: the function's type is the extension's, and a context is current.
        Some(unsafe { std::mem::transmute::<*const c_void, GetMesa>(pointer)() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_displays_own_rate_counts_as_synchronised() {
        use Synchronisation::{Free, Synchronised, Unknown};
        assert_eq!(Synchronisation::judge(59.9, Some(60.0), Some(1)), Synchronised);
        assert_eq!(Synchronisation::judge(30.1, Some(60.0), Some(2)), Synchronised);
        assert_eq!(Synchronisation::judge(60.0, Some(60.0), None), Synchronised);
        assert_eq!(Synchronisation::judge(60.0, Some(60.0), Some(-1)), Synchronised);
        assert_eq!(Synchronisation::judge(5440.0, Some(60.0), Some(1)), Free);
        assert_eq!(Synchronisation::judge(60.0, Some(60.0), Some(0)), Free);
        assert_eq!(Synchronisation::judge(60.0, None, Some(1)), Unknown);
    }
}
