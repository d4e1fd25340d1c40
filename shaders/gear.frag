// The colour was computed at the vertices (see gear.vert); here it is only written.
// src/render/dialect.rs puts the lines of each GLSL version before this text.

VARYING vec3 color;

void main() {
    FRAGMENT = vec4(color, 1.0);
}
