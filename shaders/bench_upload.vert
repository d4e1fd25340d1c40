// Vertices that the CPU has already transformed. For the bench stage upload.
// src/render/dialect.rs prepends the lines that each GLSL version needs.

ATTRIBUTE vec3 position;
ATTRIBUTE vec4 rgba;

VARYING vec3 color;

void main() {
    gl_Position = vec4(position, 1.0);
    color = rgba.rgb;
}
