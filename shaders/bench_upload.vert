// Vertices that the CPU has put in place already. For the bench stage upload.
// src/render/dialect.rs puts the lines of each GLSL version before this text.

ATTRIBUTE vec3 position;
ATTRIBUTE vec4 rgba;

VARYING vec3 color;

void main() {
    gl_Position = vec4(position, 1.0);
    color = rgba.rgb;
}
