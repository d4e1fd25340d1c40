//! GLSL's dialects. Each shader is one text; the header before it adapts it to the version of OpenGL.

use super::Abilities;

/// What differs between the versions of GLSL.
struct Dialect {
    version: &'static str,
    /// It has `attribute` and `varying` instead of `in` and `out`, and neither `%` nor instances.
    is_old: bool,
    /// Fragment shaders must say how precise their numbers are.
    needs_precision: bool,
}

impl Dialect {
    fn of(abilities: &Abilities) -> Dialect {
        let dialect = |version, is_old, needs_precision| Dialect { version, is_old, needs_precision };
        match (abilities.is_embedded, abilities.version) {
            (false, version) if version >= (3, 3) => dialect("#version 330 core", false, false),
            (false, version) if version >= (3, 1) => dialect("#version 140", false, false),
            (false, _) => dialect("#version 120", true, false),
            (true, version) if version >= (3, 0) => dialect("#version 300 es", false, true),
            (true, _) => dialect("#version 100", true, true),
        }
    }
}

/// A vertex and a fragment shader in the context's dialect.
pub fn texts(abilities: &Abilities, vertex: &str, fragment: &str) -> [String; 2] {
    let Dialect { version, is_old, needs_precision } = Dialect::of(abilities);
    let before_vertex = if is_old {
        "#define ATTRIBUTE attribute\n#define VARYING varying\n#define INSTANCE 0\n\
         #define REMAINDER(a, b) ((a) - (b) * ((a) / (b)))\n"
    } else {
        "#define ATTRIBUTE in\n#define VARYING out\n#define INSTANCE gl_InstanceID\n\
         #define REMAINDER(a, b) ((a) % (b))\n"
    };
    let precision = if needs_precision { "precision mediump float;\n" } else { "" };
    let before_fragment = if is_old {
        "#define VARYING varying\n#define FRAGMENT gl_FragColor\n"
    } else {
        "#define VARYING in\nout vec4 FRAGMENT;\n"
    };
    [format!("{version}\n{before_vertex}{vertex}"), format!("{version}\n{precision}{before_fragment}{fragment}")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// The reference compiler accepts every shader in every dialect.
    #[test]
    fn every_shader_is_valid_in_every_dialect() {
        if Command::new("glslangValidator").arg("--version").output().is_err() {
            assert!(std::env::var_os("RUST_GEARS_REQUIRE_GL").is_none(), "glslangValidator is missing");
            return eprintln!("skipped: glslangValidator (Debian: glslang-tools) is missing");
        }
        let folder = tempfile::tempdir().unwrap();
        let gear = include_str!("../../shaders/gear.frag");
        for (is_embedded, version) in
            [(false, (3, 3)), (false, (3, 1)), (false, (2, 1)), (true, (3, 0)), (true, (2, 0))]
        {
            let abilities = Abilities::new(version, is_embedded, |_| false);
            for vertex in [
                include_str!("../../shaders/gear.vert"),
                include_str!("../../shaders/bench_grid.vert"),
                include_str!("../../shaders/bench_upload.vert"),
            ] {
                let files = ["a.vert", "a.frag"].map(|name| folder.path().join(name));
                for (file, text) in files.iter().zip(texts(&abilities, vertex, gear)) {
                    std::fs::write(file, text).unwrap();
                }
                let output = Command::new("glslangValidator").args(&files).output().unwrap();
                let words = String::from_utf8_lossy(&output.stdout);
                assert!(output.status.success(), "{}: {words}\n{vertex}", abilities.name());
            }
        }
    }
}
