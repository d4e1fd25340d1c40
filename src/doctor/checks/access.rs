//! Rows about opening the GPU's device nodes: who or what keeps this user from it.

use super::catalogue::Cause::One;
use super::catalogue::{Group, Id, Row, Text, Words};
#[cfg(test)]
use super::examples::*;
use super::{Level, Seen, Topic};
use crate::doctor::facts::{Facts, NOBODY, Node};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::DeniedByPolicy,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "/dev/nvidia0 or renderD128: Permission denied, though its mode allows it",
            cause: "SELinux, or another security module of the kernel, does not let this container use the device",
            fix: SELINUX_FIX,
        }),
        check: denied_by_policy,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::UnmappedGroup,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "renderD128 belongs to nobody:nogroup, Permission denied (rootless)",
            cause: "the node's group is not mapped into the rootless container, so the container's user is not in it",
            fix: "podman: --group-add keep-groups, with crun as its runtime (podman --runtime crun run …; runc ignores \
                  keep-groups), as a user who is in the node's group on the host; other rootless engines, on the \
                  host: sudo setfacl -m u:$USER:rw /dev/dri/renderD128",
        }),
        check: unmapped_group,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::DeviceRightsLost,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "Failed to initialize NVML: Unknown Error, after a while",
            cause: "the container lost access to the GPU's devices when systemd reloaded and set its own \
                    device rules, or never had it",
            fix: RIGHTS_FIX,
        }),
        check: cgroup_lost,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::NodeForbidden,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "BadValue X_GLXCreateContext; root can draw, the user cannot",
            cause: "this user has no permission to open the GPU's device nodes",
            fix: "on the host: chmod 666 /dev/nvidia*; or --group-add with the group of the nodes",
        }),
        check: node_forbidden,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::RenderNodeForbidden,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "renderD128: Permission denied",
            cause: "the node belongs to a group that this user is not a member of",
            fix: "--group-add $(stat -c %g /dev/dri/renderD128); rootless podman: --group-add keep-groups",
        }),
        check: render_node_forbidden,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::NvmlForbidden,
        topic: Topic::Gpu,
        text: Text::Launcher,
        check: nvml_forbidden,
        group: Group::Gpu,
        because_of: &[
            One(Id::DeniedByPolicy),
            One(Id::UnmappedGroup),
            One(Id::NodeForbidden),
            One(Id::DeviceRightsLost),
        ],
    },
];

const SELINUX_FIX: &str = "for this container: --security-opt label=type:container_runtime_t; for all of them, on the \
                           host: sudo setsebool -P container_use_devices=1 (sudo ausearch -m avc -ts recent shows \
                           what is denied)";
const RIGHTS_FIX: &str = "restart the container; to prevent it: CDI (--device nvidia.com/gpu=all), or add --device \
                          /dev/nvidia0 --device /dev/nvidiactl to --gpus all";

pub(super) const EACCES: i32 = 13;
pub(super) const EPERM: i32 = 1;
pub(super) const ENXIO: i32 = 6;
pub(super) const ENODEV: i32 = 19;

/// nvml.h: NVML_ERROR_NO_PERMISSION, NVML_ERROR_UNKNOWN.
const NVML_NO_PERMISSION: i32 = 4;
pub(super) const NVML_UNKNOWN: i32 = 999;

/// If another GPU draws, a failing one is only a warning.
pub(super) fn level(facts: &Facts) -> Level {
    if facts.draws_in_hardware() { Level::Warning } else { Level::Failure }
}

/// NVIDIA's nodes that didn't open for one of these reasons.
pub(super) fn nvidia_nodes_with<'a>(facts: &'a Facts, errors: &'a [i32]) -> Vec<&'a Node> {
    let nvidia = facts.nodes().iter().filter(|node| node.path.starts_with("/dev/nvidia"));
    nvidia.filter(|node| node.errno.is_some_and(|errno| errors.contains(&errno))).collect()
}

pub(super) fn paths(nodes: &[&Node]) -> String {
    nodes.iter().map(|node| node.path.as_str()).collect::<Vec<_>>().join(", ")
}

/// What makes opening a node fail with EACCES.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Barrier {
    /// Its owner, group and mode.
    Mode,
    /// The same, in a user namespace to which its group isn't mapped.
    UnmappedGroup,
    /// Something else, such as a security module.
    Policy,
}

fn barrier(facts: &Facts, node: &Node) -> Option<Barrier> {
    if node.errno != Some(EACCES) {
        return None;
    }
    Some(match node.admits(&facts.container) {
        true => Barrier::Policy,
        false if facts.container.user_namespace && node.gid == NOBODY => Barrier::UnmappedGroup,
        false => Barrier::Mode,
    })
}

/// The GPU's nodes behind this barrier. Render nodes only count while no GPU draws, because one that draws is enough.
fn behind(facts: &Facts, wanted: Barrier) -> Vec<&Node> {
    let is_needed =
        |node: &&Node| node.path.starts_with("/dev/nvidia") || (is_render(node) && !facts.draws_in_hardware());
    facts.nodes().iter().filter(is_needed).filter(|node| barrier(facts, node) == Some(wanted)).collect()
}

fn is_render(node: &Node) -> bool {
    node.path.starts_with("/dev/dri/renderD")
}

/// `user:role:type:level`, SELinux's label of a process. AppArmor's labels are followed by a mode.
fn is_selinux_label(label: &str) -> bool {
    label.split(':').count() >= 3
}

fn denied_by_policy(facts: &Facts) -> Option<Seen> {
    let nodes = behind(facts, Barrier::Policy);
    let first = nodes.first()?;
    let label = facts.container.security_label.as_deref().unwrap_or_default();
    let shown = if label.is_empty() { "none".to_owned() } else { super::display::shown(label) };
    let seen = Seen::new(
        level(facts),
        format!(
            "opening {} gives: Permission denied, though mode {:o}, owner {} and group {} let user {} in (security label: \
             {shown})",
            paths(&nodes),
            first.mode,
            first.uid,
            first.gid,
            facts.container.uid
        ),
    )?;
    if facts.container.selinux || is_selinux_label(label) {
        return seen.explained("SELinux does not let this container use the device", SELINUX_FIX);
    }
    seen.explained(
        "a security module of the kernel denies it: AppArmor, Landlock, or an SELinux that this container does not see",
        format!(
            "on the host, this tells which: sudo dmesg | grep -i denied; AppArmor: --security-opt apparmor=unconfined; \
             SELinux: {SELINUX_FIX}"
        ),
    )
}

fn unmapped_group(facts: &Facts) -> Option<Seen> {
    let nodes = behind(facts, Barrier::UnmappedGroup);
    let first = nodes.first()?;
    Seen::new(
        level(facts),
        format!(
            "user {} may not open {} (mode {:o}): its group is not mapped into this container and shows as {NOBODY}",
            facts.container.uid,
            paths(&nodes),
            first.mode
        ),
    )
}

fn cgroup_lost(facts: &Facts) -> Option<Seen> {
    let nodes = nvidia_nodes_with(facts, &[EPERM]);
    if !nodes.is_empty() {
        return Seen::new(level(facts), format!("opening {} gives: Operation not permitted", paths(&nodes)));
    }
    let nvml = facts.nvml.done().filter(|nvml| nvml.code == NVML_UNKNOWN && nvml.gpus.is_empty())?;
    if facts.draws_in_hardware() {
        return None;
    }
    Seen::failure(format!("NVML: Unknown Error ({})", nvml.code))?.explained(
        "the container lost access to the GPU's devices when systemd reloaded, or never had it; or the driver fails on the \
         host as well",
        format!(
            "on the host: nvidia-smi; if it works there, {RIGHTS_FIX}; if it does not: sudo dmesg | grep -i -e xid -e \
             nvrm, then reboot"
        ),
    )
}

fn node_forbidden(facts: &Facts) -> Option<Seen> {
    let mut nodes = behind(facts, Barrier::Mode);
    nodes.retain(|node| !is_render(node));
    let first = nodes.first()?;
    let Node { mode, uid, gid, .. } = first;
    Seen::new(
        level(facts),
        format!(
            "user {} may not open {} (mode {mode:o}, owner {uid}, group {gid})",
            facts.container.uid,
            paths(&nodes)
        ),
    )?
    .explained(
        "the permissions of the GPU's device nodes shut this user out",
        format!(
            "{}on the host: chmod 666 {} (for good: options nvidia NVreg_DeviceFileMode=0666 in /etc/modprobe.d)",
            if mode >> 3 & 0o6 == 0o6 { format!("--group-add {gid}; or ") } else { String::new() },
            paths(&nodes).replace(',', "")
        ),
    )
}

fn render_node_forbidden(facts: &Facts) -> Option<Seen> {
    if facts.draws_in_hardware() {
        return None;
    }
    if let Some(node) = facts.render_nodes().find(|node| node.errno == Some(EPERM)) {
        return Seen::failure(format!("opening {} gives: Operation not permitted", node.path))?.explained(
            "the node is here, and the container's device rules do not allow it",
            format!("--device {}", node.path),
        );
    }
    let node = behind(facts, Barrier::Mode).into_iter().find(|node| is_render(node))?;
    let Node { path, mode, gid, .. } = node;
    Seen::failure(format!(
        "user {} in groups {:?} may not open {path} (mode {mode:o}, group {gid})",
        facts.container.uid, facts.container.groups
    ))?
    .explained(
        "the node belongs to a group that this user is not in",
        format!("--group-add {gid} (rootless podman: --group-add keep-groups)"),
    )
}

fn nvml_forbidden(facts: &Facts) -> Option<Seen> {
    let code = facts.nvml.done()?.code;
    (code == NVML_NO_PERMISSION).then(|| Seen::failure("NVML: insufficient permissions"))?
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::DeniedByPolicy, |f| errno(f, "/dev/nvidia0", 13)),
    leads(Id::DeniedByPolicy, |f| { f.container.security_label = Some("system_u:system_r:container_t:s0:c1,c2".into()); errno(f, "/dev/nvidia0", 13); }),
    leads(Id::UnmappedGroup, |f| { without_gpu(f); f.container.user_namespace = true; render_node(f, "i915", Some(13)); owned_by(f, "/dev/dri/renderD128", 65534); }),
    leads(Id::DeviceRightsLost, |f| errno(f, "/dev/nvidia0", 1)),
    leads(Id::DeviceRightsLost, |f| { f.nvml = Outcome::Done(Nvml { code: 999, gpus: Vec::new() }); nothing_draws(f); }),
    leads(Id::NodeForbidden, |f| { mode(f, "/dev/nvidiactl", 0o600); errno(f, "/dev/nvidiactl", 13); }),
    leads(Id::RenderNodeForbidden, |f| { without_gpu(f); render_node(f, "i915", Some(13)); }),
    leads(Id::NvmlForbidden, |f| { f.nvml = Outcome::Done(Nvml { code: 4, gpus: Vec::new() }); nothing_draws(f); }),
];
