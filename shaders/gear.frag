// The colour was computed at the vertices (see gear.vert); here it is only written.
// The #version line is put before this text when it is compiled.

in vec3 color;
layout(location = 0) out vec4 fragment;

void main() {
    fragment = vec4(color, 1.0);
}
