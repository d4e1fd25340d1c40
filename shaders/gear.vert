// Lights each vertex as OpenGL's fixed-function pipeline does: one directional light, ambient 0.2, no specular term. The
// picture equals glxgears', which also lights per vertex, with a light that is fixed in eye space.
// src/render/dialect.rs prepends the lines that each GLSL version needs.

ATTRIBUTE vec3 position;
ATTRIBUTE vec3 normal;
ATTRIBUTE float gear; // which of the three: 0 red, 1 green, 2 blue

uniform mat4 clip_from_gear[3];  // projection * model-view of each gear
uniform vec3 light[3];           // unit vector towards the light, in each gear's own coordinates
uniform vec3 material[3];        // ambient and diffuse colour of each gear

#ifndef SHADING
#define SHADING  // or flat, for triangles that have the same colour at all three vertices
#endif
SHADING VARYING vec3 color;

void main() {
    int i = int(gear);
    // Rotations preserve angles: the light is given in the gear's coordinates, and the normals needn't be rotated.
    color = material[i] * (0.2 + max(dot(normal, light[i]), 0.0));
    gl_Position = clip_from_gear[i] * vec4(position, 1.0);
}
