//! Every row, from recorded facts: a healthy container with one thing wrong, and what doctor makes of it.

use super::*;
use crate::doctor::facts::{
    Authority, AuthorityFile, Cookie, CookieFamily, Display, DisplayName, Drawn, EglDevice, Library, Node, Nvml,
    NvmlGpu, Outcome, Role, VendorFile, XAnswer, XServer,
};
use crate::renderer::{Kind, Renderer};

const VERSION: &str = "580.159.04";
const H100: &str = "NVIDIA H100 80GB HBM3/PCIe/SSE2";

fn drawn(renderer: &str, kind: Kind) -> Outcome<Drawn> {
    let vendor = if renderer.contains("NVIDIA") { "NVIDIA Corporation" } else { "Mesa" };
    let renderer = Renderer { renderer: renderer.into(), vendor: vendor.into(), version: "4.6.0".into() };
    Outcome::Done(Drawn {
        renderer,
        kind,
        device: "somewhere".into(),
        right_pixels: Some(0.999),
        fps: 5000.0,
        refresh_rate: None,
        earlier_failures: String::new(),
    })
}

fn software() -> Outcome<Drawn> {
    drawn("llvmpipe (LLVM 19.1.7, 256 bits)", Kind::Software)
}

fn library(name: &str, role: Role) -> Library {
    Library { name: name.into(), role, package: None, loaded: Outcome::Done(format!("/usr/lib/{name}")) }
}

fn node(path: &str) -> Node {
    Node { path: path.into(), mode: 0o666, uid: 0, gid: 0, errno: None, driver: None }
}

fn display(asked: &str) -> Display {
    let cookie = Cookie {
        family: CookieFamily::Wild,
        address: String::new(),
        number: String::new(),
        name: "MIT-MAGIC-COOKIE-1".into(),
    };
    Display {
        asked: asked.into(),
        name: DisplayName::parse(asked),
        hostname: "c0ffee".into(),
        authority: Authority {
            path: Some("/gears.xauth".into()),
            is_named: true,
            file: AuthorityFile::Cookies { cookies: vec![cookie], is_damaged: false },
        },
        sockets: vec![":0".into()],
        more_sockets: 0,
    }
}

/// A container with an H100 on an Xvfb, as NVIDIA's runtime and scripts/run start it.
fn healthy() -> Facts {
    let mut facts = Facts {
        nvidia_kernel_driver: Some(VERSION.into()),
        keyboard_data: true,
        display: Some(display(":0")),
        reach: Outcome::Done("/tmp/.X11-unix/X0".into()),
        glx: drawn(H100, Kind::Hardware),
        egl: Outcome::Failed("a window with OpenGL 3.3 could not be had\n  tried EGL: no config will do".into()),
        off_screen: drawn(H100, Kind::Hardware),
        ..Facts::default()
    };
    facts.container.engine = Some("docker".into());
    facts.container.uid = 65532;
    let set = [("NVIDIA_VISIBLE_DEVICES", "all"), ("__GLX_VENDOR_LIBRARY_NAME", "nvidia")];
    facts.environment.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let all = "compute,utility,graphics,display";
    facts.environment.insert("NVIDIA_DRIVER_CAPABILITIES".into(), all.into());
    facts.nodes = Outcome::Done(["/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-modeset"].map(node).into());
    let gpu = NvmlGpu { name: "NVIDIA H100 80GB HBM3".into(), ..NvmlGpu::default() };
    facts.nvml = Outcome::Done(Nvml { code: 0, gpus: vec![gpu] });
    facts.libraries = vec![
        library("libX11.so.6", Role::Window),
        library("libGL.so.1", Role::Dispatch),
        library("libEGL.so.1", Role::Dispatch),
        library("libGLX_nvidia.so.0", Role::NvidiaDriver),
        library("libEGL_nvidia.so.0", Role::NvidiaDriver),
        library(&format!("libnvidia-gpucomp.so.{VERSION}"), Role::NvidiaDriver),
        library("libXext.so.6", Role::NvidiaNeeds),
        library("libxcb-glx.so.0", Role::NvidiaNeeds),
        library("libnvidia-ml.so.1", Role::NvidiaOther),
        library("libGLX_mesa.so.0", Role::Mesa),
        library("libdxcore.so", Role::Wsl),
    ];
    missing(&mut facts, "libGLX_mesa.so.0");
    missing(&mut facts, "libdxcore.so");
    let vendor = |path: &str, library: &str| VendorFile { path: path.into(), library: Ok(library.into()) };
    facts.vendor_files = vec![vendor("/usr/share/glvnd/egl_vendor.d/10_nvidia.json", "libEGL_nvidia.so.0")];
    let extensions = ["GLX", "MIT-SHM", "RANDR", "RENDER", "XInputExtension", "XKEYBOARD"];
    facts.x = Outcome::Done(XAnswer::Welcome(XServer {
        vendor: "The X.Org Foundation".into(),
        extensions: extensions.map(Into::into).into(),
        glx_vendor: Some("SGI".into()),
        shared_memory: Some(Ok(())),
        ..XServer::default()
    }));
    facts.devices =
        Outcome::Done(vec![EglDevice { label: "EGL device 0".into(), is_nvidia: true, is_software: false }]);
    facts
}

fn missing(facts: &mut Facts, name: &str) {
    let words = format!("{name}: cannot open shared object file: No such file or directory");
    load(facts, name, Outcome::Failed(words));
}

fn load(facts: &mut Facts, name: &str, loaded: Outcome<String>) {
    facts
        .libraries
        .iter_mut()
        .filter(|library| library.name == name)
        .for_each(|library| library.loaded = loaded.clone());
}

fn server(facts: &mut Facts, change: impl FnOnce(&mut XServer)) {
    if let Outcome::Done(XAnswer::Welcome(server)) = &mut facts.x {
        change(server);
    }
}

fn without_extensions(facts: &mut Facts, names: &[&str]) {
    server(facts, |server| server.extensions.retain(|extension| !names.contains(&extension.as_str())));
}

/// No window, whatever the reason.
fn no_window(facts: &mut Facts) {
    facts.glx = Outcome::NotTried("there is no connection to the X server".into());
    facts.egl = facts.glx.clone();
}

fn no_window_through_egl(facts: &mut Facts) {
    facts.egl = Outcome::Failed("no config will do".into());
}

/// Nothing draws any more.
fn nothing_draws(facts: &mut Facts) {
    let reason = || Outcome::Failed("  tried GLX: no config will do".into());
    (facts.glx, facts.egl, facts.off_screen) = (reason(), reason(), reason());
}

/// The X server does not let this client in.
fn refuse(facts: &mut Facts, words: &str) {
    facts.x = Outcome::Done(XAnswer::Refused(words.into()));
    no_window(facts);
}

/// The display `asked`, which is not reached.
fn unreachable(facts: &mut Facts, asked: &str, words: &str) {
    facts.display = Some(display(asked));
    facts.x = Outcome::Failed(words.into());
    facts.reach = Outcome::Failed(words.into());
    no_window(facts);
}

fn authority(facts: &mut Facts, file: AuthorityFile) {
    if let Some(display) = &mut facts.display {
        display.authority.file = file;
    }
}

const WANTED: &str = "Authorization required, but no authorization protocol specified";
const NO_FILE: &str = "No such file or directory (os error 2)";
const REFUSED: &str = "Connection refused (os error 111)";

fn errno(facts: &mut Facts, path: &str, errno: i32) {
    if let Outcome::Done(nodes) = &mut facts.nodes {
        nodes.iter_mut().filter(|node| node.path == path).for_each(|node| node.errno = Some(errno));
    }
    nothing_draws(facts);
}

/// Without a GPU: what an image with Mesa gets.
fn without_gpu(facts: &mut Facts) {
    facts.nvidia_kernel_driver = None;
    facts.nodes = Outcome::Done(Vec::new());
    facts.nvml =
        Outcome::Failed("libnvidia-ml.so.1: cannot open shared object file: No such file or directory".into());
    facts.environment.retain(|name, _| !name.contains("NV"));
    for name in ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0", "libnvidia-ml.so.1"] {
        missing(facts, name);
    }
    facts.libraries.retain(|library| !library.name.contains("gpucomp"));
    load(facts, "libGLX_mesa.so.0", Outcome::Done("/usr/lib/libGLX_mesa.so.0".into()));
    facts.mesa_drivers = vec!["/usr/lib/dri/swrast_dri.so".into()];
    facts.devices =
        Outcome::Done(vec![EglDevice { label: "EGL device 0".into(), is_nvidia: false, is_software: true }]);
    (facts.glx, facts.egl, facts.off_screen) = (software(), software(), software());
}

fn render_node(facts: &mut Facts, driver: &str, errno: Option<i32>) {
    let node = Node { mode: 0o660, gid: 104, errno, driver: Some(driver.into()), ..node("/dev/dri/renderD128") };
    if let Outcome::Done(nodes) = &mut facts.nodes {
        nodes.push(node);
    }
}

/// A row and what makes it the first that is named.
type Case = (u8, fn(&mut Facts));

#[rustfmt::skip]
const LEADING: &[Case] = &[
    (2, |f| unreachable(f, ":0", NO_FILE)),
    (2, |f| unreachable(f, ":0", REFUSED)),
    (2, |f| unreachable(f, "elsewhere:3", "No route to host (os error 113)")),
    (3, |f| unreachable(f, "unixlocalhost:10.0", "unixlocalhost: Name or service not known")),
    (4, |f| { refuse(f, WANTED); authority(f, AuthorityFile::Missing); }),
    (4, |f| { refuse(f, WANTED); authority(f, AuthorityFile::Unreadable("Permission denied".into())); }),
    (4, |f| { refuse(f, WANTED); authority(f, AuthorityFile::Cookies { cookies: Vec::new(), is_damaged: true }); }),
    (5, |f| { refuse(f, "No protocol specified"); authority(f, AuthorityFile::Missing); }),
    (6, |f| {
        refuse(f, WANTED);
        let cookie = Cookie { family: CookieFamily::Local, address: "host".into(), number: "0".into(), name: String::new() };
        authority(f, AuthorityFile::Cookies { cookies: vec![cookie], is_damaged: false });
    }),
    (7, |f| refuse(f, "Invalid MIT-MAGIC-COOKIE-1 key")),
    (8, |f| { refuse(f, WANTED); authority(f, AuthorityFile::Folder); }),
    (9, |f| unreachable(f, "localhost:10.0", REFUSED)),
    (10, |f| { server(f, |server| server.extensions.clear()); nothing_draws(f); }),
    (11, |f| unreachable(f, ":0", "Permission denied (os error 13)")),
    (13, |f| {
        without_gpu(f);
        server(f, |server| server.shared_memory = Some(Err("Access".into())));
        f.glx = Outcome::Failed("BadAccess from MIT-SHM".into());
        no_window_through_egl(f);
    }),
    (14, |f| {
        server(f, |server| server.extensions.push("NV-GLX".into()));
        missing(f, "libGLX_nvidia.so.0");
        f.nodes = Outcome::Done(Vec::new());
        f.nvidia_kernel_driver = None;
        f.environment.clear();
        for name in ["libEGL_nvidia.so.0", "libnvidia-ml.so.1"] { missing(f, name); }
        load(f, "libGLX_mesa.so.0", Outcome::Done("/usr/lib/libGLX_mesa.so.0".into()));
        f.mesa_drivers = vec!["/usr/lib/dri/swrast_dri.so".into()];
        nothing_draws(f);
    }),
    (15, |f| { without_gpu(f); f.mesa_drivers.clear(); nothing_draws(f); }),
    (16, |f| errno(f, "/dev/nvidiactl", 13)),
    (17, |f| { render_node(f, "i915", None); nothing_draws(f); f.off_screen = drawn(H100, Kind::Hardware); }),
    (18, |f| { f.display = Some(display("elsewhere:3")); nothing_draws(f); f.off_screen = drawn(H100, Kind::Hardware); }),
    (19, |f| { without_gpu(f); f.said.insert("glx".into(), "libGL error: failed to load driver: nouveau".into()); }),
    (20, |f| f.glx = drawn("Mesa Intel(R) UHD Graphics 620", Kind::Hardware)),
    (21, without_gpu),
    (21, |f| { f.glx = software(); f.egl = software(); f.environment.insert("LIBGL_ALWAYS_SOFTWARE".into(), "1".into()); }),
    (23, |f| {
        f.environment.insert("NVIDIA_DRIVER_CAPABILITIES".into(), "utility".into());
        missing(f, "libGLX_nvidia.so.0"); missing(f, "libEGL_nvidia.so.0"); nothing_draws(f);
    }),
    (23, |f| { missing(f, "libxcb-glx.so.0"); nothing_draws(f); f.off_screen = drawn(H100, Kind::Hardware); }),
    (23, |f| {
        let words = "libnvidia-glcore.so.580.159.04: cannot open shared object file: No such file or directory";
        load(f, "libGLX_nvidia.so.0", Outcome::Failed(words.into())); nothing_draws(f);
    }),
    (24, |f| { missing(f, "libXext.so.6"); nothing_draws(f); }),
    (25, |f| { missing(f, &format!("libnvidia-gpucomp.so.{VERSION}")); nothing_draws(f); }),
    (27, |f| { f.vendor_files.clear(); nothing_draws(f); }),
    (28, |f| { missing(f, "libGLX_nvidia.so.0"); missing(f, "libEGL_nvidia.so.0"); nothing_draws(f); }),
    (29, |f| { f.devices = Outcome::Done(Vec::new()); nothing_draws(f); }),
    (30, |f| { without_gpu(f); render_node(f, "i915", Some(13)); }),
    (31, |f| { f.environment.insert("NVIDIA_VISIBLE_DEVICES".into(), "MIG-1234".into()); nothing_draws(f); }),
    (32, |f| { if let Outcome::Done(nvml) = &mut f.nvml { nvml.gpus.iter_mut().for_each(|gpu| gpu.is_compute_only = true) } nothing_draws(f); }),
    (33, |f| { f.environment.insert("XDG_SESSION_TYPE".into(), "wayland".into()); refuse(f, WANTED); authority(f, AuthorityFile::Missing); }),
    (35, |f| { without_gpu(f); f.container.kernel = "6.6.87.2-microsoft-standard-WSL2".into(); }),
    (36, |f| { f.container.musl = true; nothing_draws(f); }),
    (37, |f| { load(f, "libGLX_nvidia.so.0", Outcome::Failed("/lib/libc.so.6: version `GLIBC_2.38' not found (required by x)".into())); nothing_draws(f); }),
    (38, |f| { f.container.x_servers = vec!["Xvfb".into()]; unreachable(f, ":0", REFUSED); }),
    (45, |f| { f.nvidia_kernel_driver = Some("570.86.15".into()); load(f, "libEGL_nvidia.so.0", Outcome::Done(format!("/usr/lib/libEGL_nvidia.so.{VERSION}"))); nothing_draws(f); }),
    (45, |f| { f.nvml = Outcome::Done(Nvml { code: 18, gpus: Vec::new() }); nothing_draws(f); }),
    (46, |f| { f.nvml = Outcome::Done(Nvml { code: 4, gpus: Vec::new() }); nothing_draws(f); }),
    (48, |f| errno(f, "/dev/nvidia0", 1)),
    (50, |f| { missing(f, "libX11.so.6"); nothing_draws(f); f.off_screen = drawn(H100, Kind::Hardware); }),
    (51, |f| { f.keyboard_data = false; nothing_draws(f); }),
    (52, |f| { without_extensions(f, &["XInputExtension"]); nothing_draws(f); }),
    (53, |f| { f.x = Outcome::Hung(3.0); no_window(f); }),
    (53, |f| { f.x = Outcome::Failed("it accepted the connection and closed it without an answer".into()); no_window(f); }),
    (54, |f| { without_extensions(f, &["GLX"]); nothing_draws(f); }),
    (55, |f| { load(f, "libGLX_nvidia.so.0", Outcome::Died("SIGSEGV".into())); nothing_draws(f); }),
    (56, |f| { load(f, "libGLX_nvidia.so.0", Outcome::Failed("/usr/lib/x: file too short".into())); nothing_draws(f); }),
    (57, |f| { load(f, "libGLX_nvidia.so.0", Outcome::Hung(3.0)); nothing_draws(f); }),
    (58, |f| { missing(f, "libEGL.so.1"); nothing_draws(f); }),
    (59, |f| { without_gpu(f); f.nvidia_kernel_driver = Some(VERSION.into()); }),
    (60, |f| { f.display = Some(display("nonsense")); f.x = Outcome::default(); f.reach = Outcome::default(); no_window(f); }),
    (61, |f| errno(f, "/dev/nvidiactl", 6)),
    (63, |f| { f.environment.remove("__GLX_VENDOR_LIBRARY_NAME"); }),
    (64, |f| { f.vendor_files.iter_mut().for_each(|file| file.library = Err("not JSON".into())); }),
    (66, |f| f.glx = Outcome::Hung(5.5)),
    (67, |f| { without_extensions(f, &["GLX"]); server(f, |s| s.extensions.push("GLX".into())); f.egl = Outcome::Died("SIGSEGV".into()); f.glx = Outcome::default(); }),
    (68, |f| { f.display = None; no_window(f); f.off_screen = Outcome::Failed("no OpenGL 3.3 context".into()); f.nvml = Outcome::default(); }),
    (69, |f| if let Outcome::Done(drawn) = &mut f.glx { drawn.right_pixels = Some(0.72) }),
];

/// Rows that are told without being the first cause: notes, lesser warnings, and what follows from others.
#[rustfmt::skip]
const TOLD: &[Case] = &[
    (1, |f| f.display = None),
    (13, |f| { without_gpu(f); server(f, |server| server.shared_memory = Some(Err("Access".into()))); }),
    (22, |_| {}),
    (26, |f| { nothing_draws(f); if let Outcome::Done(nodes) = &mut f.nodes { nodes.retain(|node| node.path != "/dev/nvidia-modeset") } }),
    (34, |f| if let Outcome::Done(drawn) = &mut f.glx { drawn.refresh_rate = Some(5000.0) }),
    (49, nothing_draws),
];

fn facts_of(change: fn(&mut Facts)) -> Facts {
    let mut facts = healthy();
    change(&mut facts);
    facts
}

fn all(findings: &[Finding]) -> Vec<u8> {
    findings
        .iter()
        .flat_map(|finding| std::iter::once(finding).chain(&finding.consequences))
        .filter_map(|f| f.row)
        .collect()
}

#[test]
fn the_first_cause_named_is_the_right_one() {
    for (index, (row, change)) in LEADING.iter().enumerate() {
        let findings = diagnose(&facts_of(*change));
        let first = leading(&findings).and_then(|finding| finding.row);
        assert_eq!(first, Some(*row), "case {index}: {findings:#?}");
        assert!(leading(&findings).unwrap().cause.as_ref().is_some_and(|cause| cause.len() > 10), "row {row}");
    }
}

#[test]
fn what_is_no_first_cause_is_told_as_well() {
    for (row, change) in TOLD {
        let findings = diagnose(&facts_of(*change));
        assert!(all(&findings).contains(row), "row {row}: {findings:#?}");
    }
}

#[test]
fn every_row_that_doctor_sees_is_tested_here() {
    let tested: Vec<u8> = LEADING.iter().chain(TOLD).map(|(row, _)| *row).collect();
    for row in ROWS {
        assert_ne!(row.text().by_launcher, tested.contains(&row.number), "row {}", row.number);
    }
}

#[test]
fn a_healthy_container_raises_no_alarm() {
    let findings = diagnose(&healthy());
    let alarms: Vec<_> = findings.iter().filter(|f| matches!(f.level, Level::Failure | Level::Warning)).collect();
    assert!(alarms.is_empty(), "{alarms:#?}");
    assert!(healthy().draws_in_hardware());
    let verdict = crate::doctor::verdict::verdict(&healthy(), &findings);
    assert_eq!(verdict, format!("this container draws on {H100} through GLX and EGL off-screen"));
}

#[test]
fn a_wrong_picture_is_a_failure_where_the_gears_would_be_drawn() {
    let spoil = |outcome: &mut Outcome<Drawn>| {
        if let Outcome::Done(drawn) = outcome {
            drawn.right_pixels = Some(0.72);
        }
    };
    for (change, level, is_well, words) in [
        (
            (|f, spoil| spoil(&mut f.glx)) as fn(&mut Facts, &dyn Fn(&mut _)),
            Level::Failure,
            false,
            "draws a wrong picture, on NVIDIA",
        ),
        (|f, spoil| spoil(&mut f.off_screen), Level::Warning, true, "through GLX"),
        (
            |f, spoil| {
                f.display = None;
                spoil(&mut f.off_screen)
            },
            Level::Failure,
            false,
            "draws a wrong picture, on NVIDIA",
        ),
    ] {
        let mut facts = healthy();
        change(&mut facts, &spoil);
        let findings = diagnose(&facts);
        let found = findings.iter().find(|finding| finding.row == Some(69)).expect("row 69");
        assert_eq!((found.level, facts.draws_right_in_hardware()), (level, is_well));
        let verdict = crate::doctor::verdict::verdict(&facts, &findings);
        assert!(verdict.contains(words), "{verdict}");
    }
}

#[test]
fn the_consequences_of_one_cause_are_told_under_it() {
    let narrowed: fn(&mut Facts) = |f| {
        f.environment.insert("NVIDIA_DRIVER_CAPABILITIES".into(), "utility".into());
        for name in ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0", &format!("libnvidia-gpucomp.so.{VERSION}")] {
            missing(f, name);
        }
        f.devices = Outcome::Done(Vec::new());
        nothing_draws(f);
    };
    let findings = diagnose(&facts_of(narrowed));
    let failures: Vec<&Finding> = findings.iter().filter(|finding| finding.level == Level::Failure).collect();
    assert_eq!(failures.len(), 1, "{failures:#?}");
    let below: Vec<Option<u8>> = failures[0].consequences.iter().map(|finding| finding.row).collect();
    assert_eq!(below, [29, 66, 67, 68, 49].map(Some));
}

#[test]
fn the_catalogue_is_whole() {
    let numbers: Vec<u8> = ROWS.iter().map(|row| row.number).collect();
    for number in 1..=49 {
        assert_eq!(numbers.iter().filter(|n| **n == number).count(), 1, "row {number}");
    }
    for row in ROWS {
        let text = row.text();
        for part in [text.symptom, text.cause, text.fix] {
            assert!(part.len() > 5, "row {}: {text:?}", row.number);
        }
        let before: Vec<u8> = numbers.iter().copied().take_while(|number| *number != row.number).collect();
        for cause in row.because_of.iter().filter(|cause| **cause != row.number) {
            assert!(numbers.contains(cause), "row {} names {cause}, which is not there", row.number);
        }
        assert!(row.because_of.is_empty() || row.because_of.iter().any(|cause| before.contains(cause)));
    }
}

#[test]
fn facts_survive_the_way_to_json_and_back() {
    let facts = healthy();
    let json = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
}

proptest::proptest! {
    // Facts of a report made elsewhere may be cut, and combined in ways that no machine shows.
    #[test]
    fn no_facts_panic(first in 0..LEADING.len(), second in 0..LEADING.len(), third in 0..LEADING.len()) {
        let mut facts = healthy();
        for index in [first, second, third] {
            LEADING[index].1(&mut facts);
        }
        let findings = diagnose(&facts);
        let _ = crate::doctor::verdict::verdict(&facts, &findings);
        assert!(findings.len() <= ROWS.len() + Topic::ALL.len());
    }
}
