//! NVIDIA's cards on the PCI bus, which are visible there whether or not their driver is loaded.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PciCard {
    /// Address, `0000:01:00.0`.
    pub address: String,
    /// The kernel driver bound to it: `nvidia`, `nouveau`, `vfio-pci`.
    pub driver: Option<String>,
}

/// How many are listed at most.
const LISTED: usize = 32;

/// NVIDIA's display controllers and 3D controllers below `devices`, which is /sys/bus/pci/devices.
pub fn nvidia_cards(devices: &Path) -> Vec<PciCard> {
    let entries = fs::read_dir(devices).into_iter().flatten().flatten();
    let mut cards: Vec<PciCard> = entries.filter_map(|entry| card(&entry.path())).take(LISTED).collect();
    cards.sort_by(|a, b| a.address.cmp(&b.address));
    cards
}

fn card(device: &Path) -> Option<PciCard> {
    let text = |name: &str| fs::read_to_string(device.join(name)).ok().map(|text| text.trim().to_owned());
    // PCI's class 03: display controllers, of which 3D controllers are a kind.
    if text("vendor")? != "0x10de" || !text("class")?.starts_with("0x03") {
        return None;
    }
    let driver = fs::canonicalize(device.join("driver")).ok();
    Some(PciCard {
        address: device.file_name()?.to_string_lossy().into_owned(),
        driver: driver.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_told_from_other_devices() {
        let folder = tempfile::tempdir().unwrap();
        let device = |address: &str, vendor: &str, class: &str| {
            let path = folder.path().join(address);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("vendor"), format!("{vendor}\n")).unwrap();
            fs::write(path.join("class"), format!("{class}\n")).unwrap();
            path
        };
        let bound = device("0000:02:00.0", "0x10de", "0x030200");
        fs::create_dir(folder.path().join("vfio-pci")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("vfio-pci"), bound.join("driver")).unwrap();
        device("0000:01:00.0", "0x10de", "0x030000");
        device("0000:01:00.1", "0x10de", "0x040300");
        device("0000:00:02.0", "0x8086", "0x030000");
        let card = |address: &str, driver: Option<&str>| PciCard {
            address: address.into(),
            driver: driver.map(Into::into),
        };
        assert_eq!(
            nvidia_cards(folder.path()),
            [card("0000:01:00.0", None), card("0000:02:00.0", Some("vfio-pci"))]
        );
    }
}
