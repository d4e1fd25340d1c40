// Writes the colour that was computed per vertex (see gear.vert).
// src/render/dialect.rs prepends the lines that each GLSL version needs.

#ifndef SHADING
#define SHADING  // see gear.vert
#endif
SHADING VARYING vec3 color;

void main() {
    FRAGMENT = vec4(color, 1.0);
}
