// Many gears, seen along their axis, one per cell of a grid that fills the picture. For the bench stages submit, vertex
// and fill. src/render/dialect.rs prepends the lines that each GLSL version needs.

ATTRIBUTE vec3 position;
ATTRIBUTE vec3 normal;

uniform int cells;     // number of cells along each side of the grid
uniform int first;     // index of the first instance's gear
uniform float scale;   // gear coordinates to half a cell
uniform float angle;   // of the first gear, in radians; each further gear is turned by 0.1 more

VARYING vec3 color;

void main() {
    int gear = first + INSTANCE;
    float turn = angle + 0.1 * float(gear);
    vec2 c = vec2(cos(turn), sin(turn));
    vec2 place = vec2(c.x * position.x - c.y * position.y, c.y * position.x + c.x * position.y) * scale;
    vec2 cell = vec2(REMAINDER(gear, cells), REMAINDER(gear / cells, cells)) * 2.0 + 1.0;
    gl_Position = vec4((cell + place) / float(cells) - 1.0, -0.01 * position.z, 1.0);
    color = vec3(0.8, 0.1, 0.0) * (0.2 + 0.8 * max(normal.z, 0.0));
}
