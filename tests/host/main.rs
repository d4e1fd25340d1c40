//! scripts/doctor on machines with exactly one fault: what it finds, and whether its verdict blames the machine or the
//! container.

#[path = "../support/mod.rs"]
mod support;

use assert_cmd::Command;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const VERSION: &str = "570.86.15";
const DRAWS: &str =
    "ok       GLX window   NVIDIA H100, 9000 FPS\n\nverdict: this container draws on NVIDIA H100\n";
const DRAWS_NOTHING: &str = "failure  driver       not here [23]\n                      cause: c\n\n\
                         verdict: this container draws nothing: the capabilities leave the driver out\n\
                         \x20        to fix it: -e NVIDIA_DRIVER_CAPABILITIES=all\n";

/// A machine made of files: a folder with its root file system, and one with its programs.
struct Machine {
    files: TempDir,
    programs: TempDir,
}

impl Machine {
    /// It has an NVIDIA GPU and everything that a container needs for it.
    fn healthy() -> Machine {
        let machine = Machine { files: TempDir::new().unwrap(), programs: TempDir::new().unwrap() };
        let kernel = format!(
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {VERSION}  Wed Jan 22 2025\nGCC version: 12.2.0\n"
        );
        machine.write("proc/driver/nvidia/version", &kernel);
        for node in ["nvidiactl", "nvidia0", "nvidia-uvm"] {
            machine.write(&format!("dev/{node}"), "");
            machine.set_mode(&format!("dev/{node}"), 0o666);
        }
        for name in ["libnvidia-ml", "libEGL_nvidia"] {
            machine.write(&format!("usr/lib/x86_64-linux-gnu/{name}.so.{VERSION}"), "");
        }
        machine.write("sbin/ldconfig", "");
        machine.write("usr/bin/nvidia-cdi-hook", "");
        machine.write(
            "etc/nvidia-container-runtime/config.toml",
            "[nvidia-container-cli]\n#no-cgroups = false\nldconfig = \"@/sbin/ldconfig\"\n",
        );
        machine.write("etc/cdi/nvidia.yaml", &specification(VERSION, "/dev/nvidia0"));
        symlink(fs::canonicalize("tests/engines/fake-engine").unwrap(), machine.programs.path().join("docker"))
            .unwrap();
        machine.program("nvidia-ctk", "#!/bin/sh\necho 'NVIDIA Container Toolkit CLI version 1.17.8'\n");
        machine
    }

    /// It has no GPU.
    fn bare() -> Machine {
        let machine = Machine::healthy();
        for folder in ["proc", "dev", "etc"] {
            fs::remove_dir_all(machine.path(folder)).unwrap();
        }
        machine
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.files.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn program(&self, name: &str, text: &str) {
        let file = self.programs.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn remove_program(&self, name: &str) {
        fs::remove_file(self.programs.path().join(name)).unwrap();
    }

    /// Adds an NVIDIA card to sysfs, with this driver bound to it.
    fn card(&self, driver: Option<&str>) {
        self.write("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
        self.write("sys/bus/pci/devices/0000:01:00.0/class", "0x030000\n");
        if let Some(driver) = driver {
            symlink(
                format!("/sys/bus/pci/drivers/{driver}"),
                self.path("sys/bus/pci/devices/0000:01:00.0/driver"),
            )
            .unwrap();
        }
    }

    /// Adds a GPU that Mesa can drive.
    fn render_node(&self) {
        self.write("dev/dri/renderD128", "");
        fs::create_dir_all(self.path("sys/class/drm/renderD128/device")).unwrap();
        symlink("/sys/bus/pci/drivers/i915", self.path("sys/class/drm/renderD128/device/driver")).unwrap();
    }

    /// scripts/doctor for an image whose container prints `report` and exits with `status`, while the engine prints `words`.
    fn doctor(&self, report: &str, words: &str, status: u8) -> Command {
        let folder = self.programs.path();
        fs::write(folder.join("report"), report).unwrap();
        fs::write(folder.join("words"), words).unwrap();
        let mut command = Command::new("tests/host/diagnose");
        command.arg(self.files.path()).args(["my-image", "--gpus", "all"]);
        command.env("PATH", format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()));
        command.env("REPORT", folder.join("report")).env("WORDS", folder.join("words"));
        command.env("ASKED", folder.join("asked")).env("STATUS", status.to_string());
        for variable in ["DISPLAY", "WAYLAND_DISPLAY", "DOCKER_HOST"] {
            command.env_remove(variable);
        }
        command.timeout(Duration::from_secs(60));
        command
    }
}

/// A CDI specification that names this device and the libraries of this version.
fn specification(version: &str, device: &str) -> String {
    format!(
        "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n- name: all\n  containerEdits:\n    deviceNodes:\n    - path: {device}\n\
         containerEdits:\n  hooks:\n  - args:\n    - nvidia-cdi-hook\n    hookName: createContainer\n    path: /usr/bin/nvidia-cdi-hook\n\
         \x20 mounts:\n  - containerPath: /not/here\n    hostPath: /usr/lib/x86_64-linux-gnu/libEGL_nvidia.so.{version}\n"
    )
}

fn outcome(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn a_healthy_machine_raises_no_alarm() {
    let (status, output) = outcome(&mut Machine::healthy().doctor(DRAWS, "", 0));
    assert_eq!(status, Some(0), "{output}");
    assert!(!output.contains("failure") && !output.contains("warning"), "{output}");
    for seen in [
        "ok       engine       docker version 28.2, as root",
        "NVIDIA's driver 570.86.15 is loaded",
        "its libraries have the same version",
        "toolkit      1.17.8",
        "/etc/cdi/nvidia.yaml: every file that it names exists",
        "\nverdict: this container draws on NVIDIA H100\n",
    ] {
        assert!(output.contains(seen), "{seen} is not in: {output}");
    }
}

/// A change to a machine, and how the line that reports it has to begin.
type Fault = (fn(&Machine), &'static str);

#[rustfmt::skip] // a table: one line per fault
const FAULTS: &[Fault] = &[
    (|m| m.remove("usr/lib/x86_64-linux-gnu/libnvidia-ml.so.570.86.15"), "failure  driver       there is no libnvidia-ml.so.570.86.15 [43]"),
    (|m| m.write("proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  565.77  Wed\n"), "failure  driver       565.77 is loaded, but the libraries have version 570.86.15 [45]"),
    (|m| m.remove("dev/nvidia0"), "failure  nodes        there is no /dev/nvidia0"),
    (|m| m.set_mode("dev/nvidia0", 0o660), "warning  nodes        the modes of /dev/nvidiactl and /dev/nvidia0 are 660 and 666, not 666 [46]"),
    (|m| m.remove("dev/nvidia-uvm"), "warning  nodes        there is no /dev/nvidia-uvm (CUDA needs it, OpenGL does not) [47]"),
    (|m| m.remove("sbin/ldconfig"), "warning  toolkit      1.17.8; its configuration names /sbin/ldconfig, which does not exist [44]"),
    (|m| m.write("etc/nvidia-container-runtime/config.toml", "no-cgroups = true\n"), "warning  toolkit      1.17.8; its configuration has no-cgroups = true"),
    (|m| m.write("etc/cdi/nvidia.yaml", &specification(VERSION, "/dev/dri/renderD129")), "warning  CDI          /etc/cdi/nvidia.yaml names /dev/dri/renderD129, which does not exist [117]"),
    (|m| m.write("etc/cdi/nvidia.yaml", &specification("565.77", "/dev/nvidia0")), "warning  CDI          /etc/cdi/nvidia.yaml names /usr/lib/x86_64-linux-gnu/libEGL_nvidia.so.565.77, which does not exist [118]"),
    (|m| m.remove("usr/bin/nvidia-cdi-hook"), "warning  CDI          /etc/cdi/nvidia.yaml names /usr/bin/nvidia-cdi-hook, which does not exist [119]"),
    (|m| m.write("etc/cdi/other.json", r#"{"kind": "nvidia.com/gpu", "devices": [{"containerEdits": {"deviceNodes": [{"path": "/dev/nvidia7"}]}}]}"#), "warning  CDI          /etc/cdi/other.json names /dev/nvidia7, which does not exist [117]"),
    (|m| m.remove("etc/cdi/nvidia.yaml"), "skipped  CDI          no specification"),
    (|m| { m.write("etc/cdi/nvidia.yaml", &specification("565.77", "/dev/nvidia0")); m.write("usr/lib/x86_64-linux-gnu/libEGL_nvidia.so.565.77", "") }, "warning  CDI          /etc/cdi/nvidia.yaml is made for driver 565.77, and 570.86.15 is installed [118]"),
    (|m| m.remove_program("nvidia-ctk"), "warning  toolkit      the NVIDIA Container Toolkit is not installed (there is no nvidia-ctk) [39]"),
    (|m| m.set_mode("dev/nvidiactl", 0o600), "warning  nodes        the modes of /dev/nvidiactl and /dev/nvidia0 are 600 and 666, not 666 [46]"),
    (|m| m.remove("dev/nvidiactl"), "failure  nodes        there is no /dev/nvidiactl"),
    (|m| m.write("sys/module/apparmor/parameters/enabled", "Y"), "warning  AppArmor     enforced, and there is no apparmor_parser, with which engines load their profile [150]"),
    (|m| { m.write("sys/module/apparmor/parameters/enabled", "Y"); m.write("sbin/apparmor_parser", "") }, "ok       AppArmor     enforced: it lets containers use devices"),
    (|m| m.write("sys/fs/selinux/enforce", "1"), "warning  SELinux      enforced"),
    (|m| { m.write("sys/fs/selinux/enforce", "1"); m.write("sys/fs/selinux/booleans/container_use_devices", "1 1") }, "ok       SELinux      enforced, but containers may use devices"),
];

#[test]
fn every_fault_of_a_machine_with_nvidias_driver_is_reported() {
    for (change, line) in FAULTS {
        let machine = Machine::healthy();
        change(&machine);
        let (_, output) = outcome(&mut machine.doctor(DRAWS, "", 0));
        assert!(output.lines().any(|l| l.starts_with(line)), "{line} is not in: {output}");
        let alarms = output.lines().filter(|l| l.starts_with("failure") || l.starts_with("warning")).count();
        assert_eq!(alarms, usize::from(line.starts_with("failure") || line.starts_with("warning")), "{output}");
    }
}

#[rustfmt::skip] // a table: one line per machine
const WITHOUT_DRIVER: &[Fault] = &[
    (|_| {}, "failure  GPU          no driver for a GPU is loaded"),
    (|m| m.card(None), "failure  GPU          an NVIDIA card (0000:01:00.0) that no driver is bound to [122]"),
    (|m| m.card(Some("vfio-pci")), "failure  GPU          an NVIDIA card (0000:01:00.0), bound to vfio-pci"),
    // The other GPU still works.
    (|m| { m.card(Some("vfio-pci")); m.render_node() }, "warning  GPU          an NVIDIA card (0000:01:00.0), bound to vfio-pci"),
    (|m| { m.card(Some("nouveau")); m.render_node() }, "warning  GPU          an NVIDIA card (0000:01:00.0), driven by nouveau"),
    (Machine::render_node, "ok       GPU          one that Mesa can drive"),
    (|m| m.write("dev/dxg", ""), "ok       GPU          WSL's (/dev/dxg)"),
];

#[test]
fn every_machine_without_nvidias_driver_is_recognised() {
    for (change, line) in WITHOUT_DRIVER {
        let machine = Machine::bare();
        change(&machine);
        let (_, output) = outcome(&mut machine.doctor(DRAWS, "", 0));
        assert!(output.lines().any(|l| l.starts_with(line)), "{line} is not in: {output}");
    }
}

#[test]
fn a_display_without_a_server_is_reported() {
    let (_, output) = outcome(Machine::healthy().doctor(DRAWS, "", 0).env("DISPLAY", ":7"));
    assert!(
        output.contains("\nwarning  display      DISPLAY is :7, and there is no socket /tmp/.X11-unix/X7"),
        "{output}"
    );
}

#[test]
fn an_engine_that_does_not_answer_is_the_cause() {
    let words =
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
    let (status, output) = outcome(Machine::healthy().doctor("", words, 125).env("INFO_FAILS", "1"));
    assert_eq!(status, Some(4));
    assert!(output.contains("\nfailure  engine       Docker does not answer [101]"), "{output}");
    assert!(
        output.contains("\nverdict: Docker does not answer [101]: the Docker daemon is not running"),
        "{output}"
    );
    let steps =
        "\non this machine:\n  sudo systemctl start docker\nrun it again as:\n  docker run --gpus all my-image\n";
    assert!(output.contains("on the side of: this machine") && output.contains(steps), "{output}");
}

#[test]
fn an_engine_that_hangs_is_the_cause() {
    let (status, output) = outcome(Machine::healthy().doctor("", "", 125).env("INFO_HANGS", "1"));
    assert_eq!(status, Some(4));
    assert!(
        output.contains("\nverdict: Docker does not answer within 10 seconds: the Docker daemon hangs"),
        "{output}"
    );
}

#[test]
fn no_file_of_the_machine_makes_it_hang_or_fail() {
    let files = ["proc/driver/nvidia/version", "etc/nvidia-container-runtime/config.toml", "etc/cdi/nvidia.yaml"];
    let spoil: [fn(&Path); 4] = [
        |path| assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success()),
        |path| fs::create_dir(path).unwrap(),
        |path| fs::write(path, [0xff, 0x00, b'\n', 0x1b].repeat(500_000)).unwrap(),
        |path| symlink("/nowhere", path).unwrap(),
    ];
    for file in files {
        for change in spoil {
            let machine = Machine::healthy();
            machine.remove(file);
            change(&machine.path(file));
            let (status, output) = outcome(machine.doctor(DRAWS, "", 0).timeout(Duration::from_secs(30)));
            assert_eq!(status, Some(0), "{file}: {output}");
            assert!(!output.contains("this failed:") && !output.contains('\u{1b}'), "{file}: {output}");
        }
    }
}

/// The last lines about a machine whose container printed and did this.
fn verdict(machine: &Machine, report: &str, words: &str, status: u8) -> String {
    let (code, output) = outcome(&mut machine.doctor(report, words, status));
    assert_eq!(code, Some(4), "{output}");
    output.split_once("\nverdict: ").expect(&output).1.to_owned()
}

#[test]
fn the_verdict_is_the_containers_unless_the_machine_keeps_every_container_from_drawing() {
    let healthy = verdict(&Machine::healthy(), DRAWS_NOTHING, "", 4);
    assert!(
        healthy.starts_with("this container draws nothing: the capabilities leave the driver out\n"),
        "{healthy}"
    );
    assert!(healthy.contains("to fix it: -e NVIDIA_DRIVER_CAPABILITIES=all"), "{healthy}");

    let without_gpu = verdict(&Machine::bare(), DRAWS_NOTHING, "", 4);
    assert!(without_gpu.starts_with("no driver for a GPU is loaded"), "{without_gpu}");
    assert!(without_gpu.contains("the container then said: this container draws nothing"), "{without_gpu}");

    // A specification that wasn't used isn't the cause.
    let stale = Machine::healthy();
    stale.remove("usr/bin/nvidia-cdi-hook");
    assert_eq!(verdict(&stale, DRAWS_NOTHING, "", 4), healthy);
}

#[test]
fn a_container_that_does_not_start_is_explained_by_the_engines_words() {
    let words =
        "docker: Error response from daemon: could not select device driver \"\" with capabilities: [[gpu]].";
    let output = verdict(&Machine::healthy(), "", words, 125);
    assert!(output.starts_with(words), "{output}");
    assert!(output.contains("[39]: the engine does not know the NVIDIA Container Toolkit"), "{output}");

    let (_, output) =
        outcome(&mut Machine::healthy().doctor("", "docker: Error response from daemon: the moon", 125));
    assert!(
        output.contains("verdict: the engine did not start it: docker: Error response from daemon: the moon"),
        "{output}"
    );
    assert!(
        output.contains("please report") && output.contains("scripts/doctor my-image -- --gpus all;"),
        "{output}"
    );
}

#[test]
fn an_image_in_which_doctor_cannot_run_is_reported() {
    let old =
        "/rust-gears: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.39' not found (required by /rust-gears)";
    let output = verdict(&Machine::healthy(), "", old, 1);
    assert!(output.contains("the image's C library is older than 2.39"), "{output}");
}

#[test]
fn an_image_without_glibc_is_reported_before_it_is_started() {
    let machine = Machine::healthy();
    let mut doctor = machine.doctor(DRAWS, "", 0);
    doctor.env("ENTRYPOINT", r#"["sh"]"#).env("NO_GLIBC", "1");
    let (status, output) = outcome(&mut doctor);
    assert_eq!(status, Some(4), "{output}");
    assert!(
        output.contains("\nverdict: doctor can't run in it: it has no glibc (/lib") && output.contains("[36]"),
        "{output}"
    );
    assert!(output.contains("on the side of: the image"), "{output}");
    assert!(!machine.programs.path().join("asked").exists(), "{output}");
}

#[test]
fn the_container_is_started_with_exactly_the_options_given() {
    let machine = Machine::healthy();
    let asked = |entrypoint: &str| {
        outcome(machine.doctor(DRAWS, "", 0).env("ENTRYPOINT", entrypoint));
        fs::read_to_string(machine.programs.path().join("asked")).unwrap()
    };
    let ours = asked(r#"["rust-gears"]"#);
    let (name, rest) = ours.strip_prefix("run --name ").unwrap().split_once(' ').unwrap();
    assert_eq!(rest, "--rm --gpus all my-image doctor\n");
    // In somebody else's image, the program is mounted.
    let theirs = asked(r#"["blender"]"#);
    let program = theirs.split_once("--rm --gpus all --volume=").unwrap().1;
    assert!(program.ends_with(":/rust-gears:ro --entrypoint=/rust-gears my-image doctor\n"), "{theirs}");
    // Options that make no sense for a diagnosis are left out.
    let mut theirs = machine.doctor(DRAWS, "", 0);
    theirs.args(["-it", "--name", "blender", "-p", "8080:80", "--restart=always", "-d", "-e", "A=b"]);
    let (_, output) = outcome(&mut theirs);
    let left_out = "\nleft out, because this is only a check: -it --name blender -p 8080:80 --restart=always -d\n";
    assert!(output.contains(left_out), "{output}");
    let asked = fs::read_to_string(machine.programs.path().join("asked")).unwrap();
    assert!(asked.ends_with("--rm --gpus all -e A=b my-image doctor\n"), "{asked}");
    // Nothing is left behind.
    assert!(!Path::new("/tmp").join(name).exists());
}

/// What can be copied, by the row that the container leads with and the user's options.
#[test]
fn the_commands_to_copy_have_the_users_options_and_what_was_missing() {
    let report = |row: u8, fix: &str| {
        format!(
            "warning  GPU          seen first [7]\nfailure  driver       not here [{row}]\n\nverdict: draws nothing\n         to fix it: {fix}\n"
        )
    };
    let steps = |row: u8, fix: &str, options: &[&str]| {
        let machine = Machine::healthy();
        let mut doctor = machine.doctor(&report(row, fix), "", 4);
        outcome(doctor.args(options)).1.split_once("\nrun it again as:\n").expect("steps").1.to_owned()
    };
    // The new value replaces the user's own; everything else stays as it was, names and ports included.
    assert_eq!(
        steps(25, "f", &["-e", "NVIDIA_DRIVER_CAPABILITIES=graphics", "-it", "--name", "a b", "-p", "1:2"]),
        "  docker run --gpus all -it --name a\\ b -p 1:2 -e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display my-image\n"
    );
    assert_eq!(
        steps(63, "f", &["--env=__GLX_VENDOR_LIBRARY_NAME=mesa", "-eA=b"]),
        "  docker run --gpus all -eA=b -e __GLX_VENDOR_LIBRARY_NAME=nvidia my-image\n"
    );
    // A value that only the container knew.
    assert_eq!(
        steps(30, "--group-add 105 (rootless …)", &[]),
        "  docker run --gpus all --group-add 105 my-image\n"
    );
    // The way to the GPU that this machine has.
    assert_eq!(
        steps(59, "f", &["--runtime", "nvidia", "-e", "NVIDIA_VISIBLE_DEVICES=none"]),
        "  docker run --device nvidia.com/gpu=all my-image\n"
    );
}

#[test]
fn the_commands_to_copy_make_the_cookie() {
    if !support::have("xauth") {
        return support::missing("xauth");
    }
    let folder = TempDir::new().unwrap();
    let cookies = folder.path().join("cookies");
    let made = Command::new("xauth")
        .arg("-f")
        .arg(&cookies)
        .args(["add", ":77", ".", "00112233445566778899aabbccddeeff"])
        .output();
    assert!(made.unwrap().status.success());
    let socket = Path::new("/tmp/.X11-unix/X77");
    fs::create_dir_all("/tmp/.X11-unix").unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    fs::set_permissions(socket, fs::Permissions::from_mode(0o777)).unwrap();
    let machine = Machine::healthy();
    let report = "failure  display      refused [4]\n\nverdict: opens no window\n         to fix it: f\n";
    let mut doctor = machine.doctor(report, "", 4);
    doctor.env("DISPLAY", ":77").env("XAUTHORITY", &cookies);
    doctor.args(["-e", "DISPLAY", "-e", "XAUTHORITY=/old"]);
    let (_, output) = outcome(&mut doctor);
    fs::remove_file(socket).unwrap();
    let steps = output.split_once("\nrun it again as:\n").expect(&output).1;
    let lines: Vec<&str> = steps.lines().collect();
    assert!(lines[0].starts_with("  d=$(mktemp -d ") && steps.contains("sed 's/^..../ffff/'"), "{steps}");
    let run = "  docker run --gpus all -e DISPLAY -e XAUTHORITY=/run/rust-gears.xauth --mount=type=bind,source=\"$d\"/cookie,\
               target=/run/rust-gears.xauth,readonly my-image";
    assert_eq!(lines[lines.len() - 2..], [run, "  rm -rf \"$d\""], "{steps}");
}

#[test]
fn json_has_both_reports_and_doctor_reads_it() {
    let machine = Machine::healthy();
    machine.remove("dev/nvidia-uvm");
    let text = machine.programs.path().join("text");
    fs::write(&text, DRAWS_NOTHING.replace("[23]", "[25]")).unwrap();
    let facts = rust_gears::doctor::report::Report::new(rust_gears::doctor::facts::Facts::default()).json();
    for (report, words, status, expected) in [
        (facts.as_str(), "", 4, "verdict: this container draws nothing: the capabilities leave the driver out\n"),
        (
            "",
            "docker: could not select device driver \"\" with capabilities: [[gpu]].",
            125,
            "[39]: the engine does not know",
        ),
    ] {
        let mut doctor = machine.doctor(report, words, status);
        let output = doctor.env("AS_JSON", "1").env("TEXT", &text).output().unwrap();
        assert_eq!(output.status.code(), Some(4));
        let json = String::from_utf8(output.stdout).unwrap();
        let both: serde_json::Value = serde_json::from_str(&json).expect(&json);
        assert_eq!(both["host"]["findings"][0]["topic"], "engine", "{json}");
        let said = support::rust_gears().args(["doctor", "--from", "-"]).write_stdin(json).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.contains("there is no /dev/nvidia-uvm") && said.contains(expected), "{said}");
        assert!(said.contains("run it again as:\n  docker run "), "{said}");
        assert_eq!(said.matches("verdict: ").count(), 1, "{said}");
    }
}

/// Each row of the catalogue has one line in the table of remedies.
#[test]
fn every_row_has_a_side_and_a_remedy() {
    let table = fs::read_to_string("scripts/lib/remedies.tsv").unwrap();
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let mut listed: Vec<u8> = Vec::new();
    for line in lines {
        let [row, side, remedy] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert!(["options", "machine", "image", "cluster"].contains(&side), "{line}");
        let name = remedy.split(' ').next().unwrap();
        assert!(["gpu", "display", "cookie", "add", "take", "run", "build", "-"].contains(&name), "{line}");
        listed.push(row.parse().unwrap());
    }
    let all: Vec<serde_json::Value> = serde_json::from_str(&rust_gears::doctor::report::list(true)).unwrap();
    let all: Vec<u8> = all.iter().map(|row| row["row"].as_u64().unwrap().try_into().unwrap()).collect();
    assert_eq!(listed, all);
}
