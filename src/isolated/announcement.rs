//! What is printed once the gears can be watched.

use crate::password::Password;
use crate::task::Way;

/// What to open. A password that may be shown is in it.
///
/// `outside` is how the port looks from outside the container, if the user says so.
pub fn url(way: Way, outside: Option<&str>, password: &Password) -> String {
    let (inside, before_password) = match way {
        Way::Browser => ("http://127.0.0.1:6080/", "#"),
        Way::Vnc { .. } => ("vnc://127.0.0.1:5900", "?VncPassword="), // RFC 7869
    };
    let url = outside.unwrap_or(inside);
    match password.file {
        None => format!("{url}{before_password}{}", password.text),
        Some(_) => url.to_owned(),
    }
}

/// Further hints. An engine may show standard error before or after standard output, so they don't refer to the URL's
/// position.
pub fn hints(way: Way, url: &str, password: &Password) -> Vec<String> {
    let (hint, shown) = match way {
        Way::Browser => {
            ("a browser shows the gears at the URL that is printed".to_owned(), ", password included".to_owned())
        }
        Way::Vnc { .. } => (
            format!("to watch the gears with TigerVNC: vncviewer {}", for_vncviewer(url)),
            format!(", with the password {}", password.text),
        ),
    };
    let Some(file) = &password.file else { return vec![hint + &shown] };
    let place = match way {
        Way::Browser => "; it goes after # in the URL",
        Way::Vnc { .. } => "",
    };
    vec![hint, format!("the password is the one in {}{place}", file.display())]
}

/// The address for TigerVNC's viewer: a port follows two colons; after one, it would be a display's number.
fn for_vncviewer(url: &str) -> String {
    let address = url.split_once("://").map_or(url, |(_, rest)| rest);
    let address = address.split(['/', '?']).next().unwrap_or_default();
    match address.rsplit_once(':') {
        Some((host, port)) => format!("{host}::{port}"),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VNC: Way = Way::Vnc { plain: false };

    fn password(file: Option<&str>) -> Password {
        Password { text: "s3cret-8".into(), file: file.map(Into::into) }
    }

    #[test]
    fn a_new_password_is_shown_in_the_url() {
        assert_eq!(url(Way::Browser, None, &password(None)), "http://127.0.0.1:6080/#s3cret-8");
        assert_eq!(
            url(Way::Browser, Some("http://10.0.0.1:80/"), &password(None)),
            "http://10.0.0.1:80/#s3cret-8"
        );
        assert_eq!(url(VNC, None, &password(None)), "vnc://127.0.0.1:5900?VncPassword=s3cret-8");
        let browser = "a browser shows the gears at the URL that is printed, password included";
        assert_eq!(hints(Way::Browser, "http://127.0.0.1:6080/#s3cret-8", &password(None)), [browser]);
        let vnc = "to watch the gears with TigerVNC: vncviewer 127.0.0.1::5901, with the password s3cret-8";
        assert_eq!(hints(VNC, "vnc://127.0.0.1:5901?VncPassword=s3cret-8", &password(None)), [vnc]);
    }

    #[test]
    fn a_password_from_a_file_is_shown_nowhere() {
        let password = password(Some("/run/password"));
        for way in [Way::Browser, VNC, Way::Vnc { plain: true }] {
            let url = url(way, None, &password);
            let said = hints(way, &url, &password).join("\n");
            assert!(!(url + &said).contains(&password.text), "{said}");
            assert!(said.contains("the password is the one in /run/password"), "{said}");
        }
        assert!(
            hints(Way::Browser, "http://127.0.0.1:6080/", &password)[1].ends_with("it goes after # in the URL")
        );
    }

    #[test]
    fn tigervncs_viewer_takes_a_port_after_two_colons() {
        assert_eq!(for_vncviewer("vnc://10.0.0.1:5907?VncPassword=x:y"), "10.0.0.1::5907");
        assert_eq!(for_vncviewer("vnc://[::1]:5907/"), "[::1]::5907");
        assert_eq!(for_vncviewer("vnc://machine"), "machine");
    }
}
