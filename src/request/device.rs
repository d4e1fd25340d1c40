//! How to name one of several devices.

use std::path::PathBuf;
use std::str::FromStr;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceSelector {
    /// Position in EGL's own order, from 0.
    Index(usize),
    /// PCI address in lower case with its domain, `0000:01:00.0`.
    Pci(String),
    /// Path of a DRM node, `/dev/dri/renderD128`.
    Node(PathBuf),
    /// UUID, 32 lower-case hexadecimal digits.
    Uuid(String),
}

impl FromStr for DeviceSelector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(index) = text.parse() {
            return Ok(DeviceSelector::Index(index));
        }
        if text.starts_with('/') {
            return Ok(DeviceSelector::Node(text.into()));
        }
        let lower = text.to_ascii_lowercase();
        let digits: String = lower.strip_prefix("gpu-").unwrap_or(&lower).chars().filter(|c| *c != '-').collect();
        if digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(DeviceSelector::Uuid(digits));
        }
        normal_pci_address(&lower).map(DeviceSelector::Pci).ok_or_else(|| {
            format!(
                "'{text}' is not a device name; use an index from --list-devices, a PCI address (0000:01:00.0), \
                 a render node (/dev/dri/renderD128) or a UUID (GPU-…)"
            )
        })
    }
}

/// Converts a PCI address to sysfs' form, `dddd:bb:dd.f`, from any common form: without its domain (lspci) or with a
/// domain of eight digits (nvidia-smi). `lower` must be in lower case.
pub(crate) fn normal_pci_address(lower: &str) -> Option<String> {
    let (rest, function) = lower.rsplit_once('.')?;
    let mut parts = rest.rsplit(':');
    let (device, bus, domain) = (parts.next()?, parts.next()?, parts.next().unwrap_or("0"));
    if parts.next().is_some() {
        return None;
    }
    let hex = |digits: &str, max: u32| u32::from_str_radix(digits, 16).ok().filter(|n| *n <= max);
    Some(format!(
        "{:04x}:{:02x}:{:02x}.{:x}",
        hex(domain, u32::MAX)?,
        hex(bus, 0xff)?,
        hex(device, 0x1f)?,
        hex(function, 7)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_by_every_name() {
        let parse = |text: &str| text.parse::<DeviceSelector>();
        assert_eq!(parse("2"), Ok(DeviceSelector::Index(2)));
        assert_eq!(parse("/dev/dri/renderD128"), Ok(DeviceSelector::Node("/dev/dri/renderD128".into())));
        for pci in ["01:00.0", "0000:01:00.0", "00000000:01:00.0"] {
            assert_eq!(parse(pci), Ok(DeviceSelector::Pci("0000:01:00.0".into())));
        }
        assert_eq!(parse("0000:C1:1F.7"), Ok(DeviceSelector::Pci("0000:c1:1f.7".into())));
        let uuid = "1234abcd00112233445566778899aabb";
        assert_eq!(parse("GPU-1234ABCD-0011-2233-4455-66778899aabb"), Ok(DeviceSelector::Uuid(uuid.into())));
        for bad in ["", "-1", "gpu", "01:00", "01:00.9", "100:00.0", "1:2:3:4.5", "GPU-12"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
