//! The page of `rust-gears bench --html` as displayed in a browser.

mod support;

use std::fs;
use std::process::Command;
use support::{have, have_gl, rust_gears};

/// No label may be smaller than this on a screen, in CSS pixels.
const READABLE: f64 = 9.0;

/// Loads the page into a frame as wide as a phone or a desktop and writes the size of its smallest text. Text in SVG
/// is scaled with the picture.
const RULER: &str = "
const frame = document.querySelector('iframe');
frame.onload = () => {
  let smallest = Infinity;
  const all = frame.contentDocument.querySelectorAll('h1,h2,h3,h4,p,td,th,span,dd,dt,svg text');
  for (const element of all) {
    const scale = element.getScreenCTM ? element.getScreenCTM().a : 1;
    smallest = Math.min(smallest, scale * parseFloat(frame.contentWindow.getComputedStyle(element).fontSize));
  }
  const page = frame.contentDocument.documentElement;
  document.title = `${smallest} ${page.scrollWidth - page.clientWidth}`;
};
frame.srcdoc = document.querySelector('template').innerHTML;
";

#[test]
fn the_page_is_readable_on_a_phone_and_a_desk() {
    if !have_gl() || !have("chromium") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    let bench = ["bench", "--off-screen", "--duration", "0.1s", "--rounds", "5", "--html"];
    let said = rust_gears().args(bench).arg(&path).assert().success();
    let page = fs::read_to_string(&path).unwrap();
    assert!(!page.contains('`'), "backticks");
    let table = String::from_utf8_lossy(&said.get_output().stdout).into_owned();
    // Independent of what the driver's timer queries return if there is no GPU.
    assert_eq!(page.contains("<span>GPU</span>"), table.contains("(hardware)"), "{table}");

    for width in [320, 375, 481, 901, 1280] {
        let framed = folder.path().join("framed.html");
        let text = format!(
            "<!DOCTYPE html><meta charset=utf-8><iframe style='width:{width}px;height:900px;border:0'></iframe>\
             <template>{page}</template><script>{RULER}</script>"
        );
        fs::write(&framed, text).unwrap();
        let output = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--dump-dom"])
            .args(["--window-size=1400,1000", "--virtual-time-budget=5000"])
            .arg(format!("--user-data-dir={}", folder.path().join("chromium").display()))
            .arg(format!("file://{}", framed.display()))
            .output()
            .unwrap();
        let dom = String::from_utf8_lossy(&output.stdout);
        let title = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default();
        let (smallest, too_wide) = title.split_once(' ').unwrap_or_else(|| panic!("not measured: {output:?}"));
        assert!(smallest.parse::<f64>().unwrap() >= READABLE, "{width} px wide: {smallest} px");
        assert_eq!(too_wide, "0", "{width} px wide: the page scrolls sideways");
    }
}
