//! Who is let in.

use axum::http::{HeaderMap, StatusCode, header};

/// What a viewer has to know.
pub struct Password(String);

impl Password {
    /// The one that the environment holds, if it holds one.
    pub fn from_environment() -> Option<Password> {
        std::env::var("RUST_GEARS_PASSWORD").ok().filter(|password| !password.is_empty()).map(Password)
    }

    /// Lets a request through that brings the password, as `Authorization: Bearer …` or, since a browser's WebSocket
    /// can set no header of its own, as one of the subprotocols that it offers.
    ///
    /// # Errors
    /// 401, and why, for the answer.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let bearer = text(header::AUTHORIZATION).strip_prefix("Bearer ");
        let protocols = text(header::SEC_WEBSOCKET_PROTOCOL).split(',');
        if protocols.chain(bearer).any(|offered| self.is(offered.trim())) {
            Ok(())
        } else {
            Err((
                StatusCode::UNAUTHORIZED,
                "the password is missing or wrong: it is the part of the URL after #\n",
            ))
        }
    }

    /// Compares in a time that does not tell how much of it is right.
    fn is(&self, offered: &str) -> bool {
        let pairs = self.0.bytes().zip(offered.bytes());
        self.0.len() == offered.len() && pairs.fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(name: header::HeaderName, value: &'static str) -> bool {
        let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
        Password("s3cret".into()).check(&headers).is_ok()
    }

    #[test]
    fn the_password_gets_in_and_nothing_else_does() {
        assert!(checked(header::AUTHORIZATION, "Bearer s3cret"));
        assert!(checked(header::SEC_WEBSOCKET_PROTOCOL, "binary, s3cret"));
        for wrong in ["", "Bearer ", "Bearer s3cre", "Bearer s3cret2", "Bearer S3cret", "s3cret", "Basic s3cret"] {
            assert!(!checked(header::AUTHORIZATION, wrong), "{wrong}");
        }
        for wrong in ["", "binary", "binary, s3cre", "s3cret2", "s3 cret"] {
            assert!(!checked(header::SEC_WEBSOCKET_PROTOCOL, wrong), "{wrong}");
        }
        assert!(Password("s3cret".into()).check(&HeaderMap::new()).is_err());
    }
}
