//! Decides who gets in.

use super::Site;
use super::places::Place;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Refusals are logged at most this often, so that guessing can't fill the log.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// What a viewer must know.
pub struct Password(pub String);

#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    NoPassword,
    WrongPassword,
}

impl Password {
    /// The password in the environment, if there is one.
    pub fn from_environment() -> Option<Password> {
        std::env::var("RUST_GEARS_PASSWORD").ok().filter(|password| !password.is_empty()).map(Password)
    }

    /// Accepts a request that contains the password, as `Authorization: Bearer …` or, because a browser's WebSocket
    /// can't set headers, as one of the subprotocols that it offers.
    fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let bearer = text(header::AUTHORIZATION).strip_prefix("Bearer ");
        let protocols = text(header::SEC_WEBSOCKET_PROTOCOL).split(',');
        let mut offered = protocols
            .chain(bearer)
            .map(str::trim)
            .filter(|one| !["", super::rfb::SUBPROTOCOL].contains(one))
            .peekable();
        if offered.peek().is_none() {
            Err(Refusal::NoPassword)
        } else if offered.any(|one| self.is(one)) {
            Ok(())
        } else {
            Err(Refusal::WrongPassword)
        }
    }

    /// Compares in constant time.
    fn is(&self, offered: &str) -> bool {
        let pairs = self.0.bytes().zip(offered.bytes());
        self.0.len() == offered.len() && pairs.fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
    }
}

/// The number of refusals that weren't logged, and when one was.
#[derive(Default)]
pub struct Log {
    last: Option<Instant>,
    left_out: u64,
}

impl Log {
    /// If this one should be logged, how many were left out before it.
    fn note(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now.duration_since(last) < LOG_EVERY) {
            self.left_out += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.left_out))
    }
}

/// Lets only viewers through, who then keep their places.
pub async fn admit(
    State(site): State<Arc<Site>>,
    Extension(place): Extension<Arc<Place>>,
    request: Request,
    next: Next,
) -> Response {
    match site.password.check(request.headers()) {
        Ok(()) if place.make_viewers() => next.run(request).await,
        Ok(()) => {
            (StatusCode::SERVICE_UNAVAILABLE, "too many viewers: close one of their pages\n").into_response()
        }
        Err(refusal) => {
            log(&site.refusals, &place, &refusal);
            (StatusCode::UNAUTHORIZED, "the password is missing or wrong: it is the part of the URL after #\n")
                .into_response()
        }
    }
}

fn log(refusals: &Mutex<Log>, place: &Place, refusal: &Refusal) {
    let noted = refusals.lock().unwrap_or_else(PoisonError::into_inner).note(Instant::now());
    let Some(left_out) = noted else { return };
    let how = match refusal {
        Refusal::NoPassword => "without a password",
        Refusal::WrongPassword => "with a wrong password",
    };
    let more = if left_out == 0 { String::new() } else { format!(" ({left_out} more since the last such line)") };
    eprintln!("rust-gears-web: refused {} {how}{more}", place.address());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(name: header::HeaderName, value: &'static str) -> Result<(), Refusal> {
        let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
        Password("s3cret".into()).check(&headers)
    }

    #[test]
    fn the_password_gets_in_and_nothing_else_does() {
        assert_eq!(checked(header::AUTHORIZATION, "Bearer s3cret"), Ok(()));
        assert_eq!(checked(header::SEC_WEBSOCKET_PROTOCOL, "binary, s3cret"), Ok(()));
        for missing in ["", "Bearer ", "s3cret", "Basic s3cret"] {
            assert_eq!(checked(header::AUTHORIZATION, missing), Err(Refusal::NoPassword), "{missing}");
        }
        for wrong in ["Bearer s3cre", "Bearer s3cret2", "Bearer S3cret"] {
            assert_eq!(checked(header::AUTHORIZATION, wrong), Err(Refusal::WrongPassword), "{wrong}");
        }
        for missing in ["", "binary"] {
            assert_eq!(checked(header::SEC_WEBSOCKET_PROTOCOL, missing), Err(Refusal::NoPassword), "{missing}");
        }
        for wrong in ["binary, s3cre", "s3cret2", "s3 cret"] {
            assert_eq!(checked(header::SEC_WEBSOCKET_PROTOCOL, wrong), Err(Refusal::WrongPassword), "{wrong}");
        }
        assert_eq!(Password("s3cret".into()).check(&HeaderMap::new()), Err(Refusal::NoPassword));
    }

    #[test]
    fn refusals_are_logged_once_a_second_and_the_rest_is_counted() {
        let mut log = Log::default();
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        assert_eq!(log.note(start), Some(0));
        assert_eq!(log.note(after(10)), None);
        assert_eq!(log.note(after(999)), None);
        assert_eq!(log.note(after(1000)), Some(2));
        assert_eq!(log.note(after(5000)), Some(0));
    }
}
