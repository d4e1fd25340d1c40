// Vertices that the CPU has put in place already. For the bench stage upload.
// The #version line is put before this text when it is compiled.

layout(location = 0) in vec3 position;
layout(location = 1) in vec4 rgba;

out vec3 color;

void main() {
    gl_Position = vec4(position, 1.0);
    color = rgba.rgb;
}
