//! Broken machines, and doctor's reports about them.

use crate::support::XServer;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_rust-gears");

/// A machine to run doctor on: this one, broken in some way.
pub struct Machine {
    folder: TempDir,
    setup: String,
    environment: Vec<(String, String)>,
    launcher: Vec<String>,
    needs_namespace: bool,
}

/// Shell functions for `setup`. `overlay FOLDER` puts a writable layer over a folder; `$here` is the test's folder.
const FUNCTIONS: &str = r#"
    overlay() {
        local layer=$here/layer${1//\//-}
        mkdir -p "$layer" && mount -t tmpfs tmpfs "$layer" && mkdir "$layer/upper" "$layer/work"
        mount -t overlay overlay -o "lowerdir=$1,upperdir=$layer/upper,workdir=$layer/work" "$1"
    }
    libraries=$(dirname "$(readlink -f "$(ldconfig -p | awk '$1 == "libX11.so.6" { print $NF; exit }')")")
    # hide PATTERN…: removes shared libraries, as if their packages were not installed
    hide() { overlay "$libraries" && (cd "$libraries" && rm -f -- $@); }
    # nvidia_driver VERSION: the files of the kernel's driver
    nvidia_driver() {
        mount -t tmpfs tmpfs /proc/driver && mkdir /proc/driver/nvidia
        echo "NVRM version: NVIDIA UNIX x86_64 Kernel Module  $1  Tue" >/proc/driver/nvidia/version
    }
    # nvidia_nodes MODE [MORE]: device nodes with this mode, which are copies of /dev/null
    nvidia_nodes() {
        overlay /dev
        for name in nvidiactl nvidia0 ${2:-}; do mknod -m "$1" "/dev/$name" c 1 3; done
    }
"#;

/// A GLX vendor library that libglvnd accepts (libglvnd's libglxabi.h) and that offers no visual, as NVIDIA's does if
/// something that it needs is missing.
pub const GLX_WITHOUT_VISUALS: &str = r#"
    static long nothing(void) { return 0; }
    static int is_supported(void *display, int screen) { return 1; }
    static void *find(const char *name) { return (void *)nothing; }
    static void *none(const char *name) { return 0; }
    static void set(const char *name, int index) {}
    struct imports { void *is_supported, *find, *dispatch, *set, *rest[5]; };
    int __glx_Main(unsigned version, const void *exports, void *vendor, struct imports *imports) {
        imports->is_supported = is_supported;
        imports->find = find;
        imports->dispatch = none;
        imports->set = set;
        return 1;
    }
"#;

impl Machine {
    pub fn new() -> Machine {
        let folder = TempDir::new().unwrap();
        // Some tests run doctor as another user.
        run(Command::new("chmod").arg("755").arg(folder.path()));
        let launcher = Vec::new();
        Machine { folder, setup: String::new(), environment: Vec::new(), launcher, needs_namespace: false }
    }

    /// A machine with this X server as its display, and with the server's cookie if it has one.
    pub fn with_display(server: &XServer) -> Machine {
        let machine = Machine::new().env("DISPLAY", &server.display);
        match &server.cookies {
            Some(file) => machine.env("XAUTHORITY", file),
            None => machine,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Machine {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.into(), value.as_ref().to_str().unwrap().into()));
        self
    }

    /// Adds shell commands that change the machine in a mount namespace, which only doctor sees.
    pub fn setup(mut self, commands: &str) -> Machine {
        self.setup += commands;
        self.setup += "\n";
        self.needs_namespace = true;
        self
    }

    /// Starts doctor through this command, such as `setpriv`.
    pub fn through(mut self, launcher: &[&str]) -> Machine {
        self.launcher.extend(launcher.iter().map(|word| word.to_string()));
        self
    }

    /// Runs doctor as a user who isn't root and is in no group.
    pub fn by_nobody(self) -> Machine {
        self.through(&["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"])
    }

    pub fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Machine {
        std::fs::write(self.path(name), bytes).unwrap();
        self
    }

    /// Adds a shared library compiled from `c`, which the linker finds before the system's.
    pub fn library(self, name: &str, c: &str) -> Machine {
        let folder = self.path("lib");
        std::fs::create_dir_all(&folder).unwrap();
        compile(&folder.join(name), c, &[]);
        self.env("LD_LIBRARY_PATH", folder)
    }

    /// Adds fakes of NVIDIA's libraries in this version, which draw nothing.
    pub fn nvidia_libraries(self, version: &str) -> Machine {
        let folder = self.path("lib");
        let all =
            ["libnvidia-tls", "libnvidia-glcore", "libnvidia-eglcore", "libnvidia-glsi", "libnvidia-gpucomp"];
        let mut machine = self;
        for name in all {
            machine = machine.library(&format!("{name}.so.{version}"), "");
        }
        for (name, c) in [("libGLX_nvidia", GLX_WITHOUT_VISUALS), ("libEGL_nvidia", "")] {
            let file = format!("{name}.so.{version}");
            machine = machine.library(&file, c);
            std::os::unix::fs::symlink(&file, folder.join(format!("{name}.so.0"))).unwrap();
        }
        machine
    }

    /// Runs `rust-gears` with these arguments. Returns its output and how long it took.
    pub fn run(&self, arguments: &[&str]) -> (Output, Duration) {
        let mut words: Vec<&OsStr> = Vec::new();
        let script = format!("{FUNCTIONS}\n{}\nexec \"$@\"", self.setup);
        if self.needs_namespace {
            words.extend(
                ["unshare", "--mount", "--propagation", "private", "bash", "-eEuo", "pipefail", "-c"]
                    .map(OsStr::new),
            );
            words.extend([script.as_ref(), OsStr::new("bash")]);
        }
        words.extend(self.launcher.iter().map(OsStr::new));
        words.push(PROGRAM.as_ref());
        words.extend(arguments.iter().map(OsStr::new));
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command
            .env("HOME", self.path("home"))
            .env("here", self.folder.path())
            .envs(self.environment.iter().cloned());
        let started = Instant::now();
        let output = command.stdin(Stdio::null()).output().unwrap();
        (output, started.elapsed())
    }

    /// Doctor's report about this machine. It must come within a minute and without a panic.
    pub fn examine(&self) -> Report {
        let (output, time) = self.run(&["doctor", "--json"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        let report: serde_json::Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("no report ({e}): {errors}"));
        assert!(time < Duration::from_secs(60), "it took {time:?}");
        assert!(!errors.contains("fault of rust-gears"), "{errors}");
        let code = output.status.code();
        assert_eq!(code, Some(if report["draws_in_hardware"] == true { 0 } else { 4 }), "{errors}");
        Report(report)
    }

    /// Asserts that the first cause that doctor names is this row of the catalogue. Returns the report.
    #[track_caller]
    pub fn finds(&self, row: u8) -> Report {
        let report = self.examine();
        assert_eq!(report.leading(), Some(u64::from(row)), "\n{}", report.text());
        report
    }
}

/// A report as JSON.
pub struct Report(pub serde_json::Value);

impl Report {
    pub fn findings(&self) -> &[serde_json::Value] {
        self.0["findings"].as_array().unwrap()
    }

    /// The row of the most important finding.
    pub fn leading(&self) -> Option<u64> {
        let first = |level: &str| self.findings().iter().find(|finding| finding["level"] == level);
        first("failure").or_else(|| first("warning"))?["row"].as_u64()
    }

    /// The rows of the findings at a level, without consequences.
    pub fn rows(&self, level: &str) -> Vec<u64> {
        let findings = self.findings().iter().filter(|finding| finding["level"] == level);
        findings.filter_map(|finding| finding["row"].as_u64()).collect()
    }

    /// The finding about a row, as JSON; empty if there is none.
    pub fn about(&self, row: u64) -> String {
        self.findings().iter().find(|f| f["row"] == row).map_or_else(String::new, ToString::to_string)
    }

    pub fn text(&self) -> String {
        serde_json::to_string_pretty(&self.0["findings"]).unwrap()
    }
}

/// Compiles C into a shared library.
pub fn compile(path: &Path, c: &str, options: &[&str]) {
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-x", "c", "-", "-x", "none", "-o"])
        .arg(path)
        .args(options)
        .stdin(Stdio::piped());
    let mut cc = cc.spawn().unwrap();
    cc.stdin.take().unwrap().write_all(c.as_bytes()).unwrap();
    assert!(cc.wait().unwrap().success());
}

/// Compiles C into a program.
pub fn program(path: &Path, c: &str) {
    let source = path.with_extension("c");
    std::fs::write(&source, c).unwrap();
    run(Command::new("cc").arg(&source).arg("-o").arg(path));
}

pub fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}
