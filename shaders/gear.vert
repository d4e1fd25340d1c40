// Lights a vertex as OpenGL's fixed function does: one directional light, ambient 0.2, no specular part.
// Equal to glxgears' picture, because it lights per vertex, too, and in eye space with a fixed light.
// src/render/dialect.rs puts the lines of each GLSL version before this text.

ATTRIBUTE vec3 position;
ATTRIBUTE vec3 normal;
ATTRIBUTE float gear; // which of the three: 0 red, 1 green, 2 blue

uniform mat4 clip_from_gear[3];  // projection * model-view of each gear
uniform vec3 light[3];           // unit vector towards the light, in each gear's own coordinates
uniform vec3 material[3];        // ambient and diffuse colour of each gear

VARYING vec3 color;

void main() {
    int i = int(gear);
    // Rotations keep angles, so the light turned into the gear's coordinates saves turning every normal.
    color = material[i] * (0.2 + max(dot(normal, light[i]), 0.0));
    gl_Position = clip_from_gear[i] * vec4(position, 1.0);
}
