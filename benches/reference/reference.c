/* How fast is a minimal program? Makes the same calls as the stages vertex, fill and readback of `rust-gears bench`,
 * without timing frames, counting or checking, with the best of several settings. Off-screen on the first EGL device
 * that draws in hardware (or on any, with REFERENCE_SOFTWARE=1). Prints one line per stage:
 *
 *   vertex 1234.5 Mtriangles/s (256 gears per frame)
 *
 * Build: cc -O2 -o reference reference.c -ldl -lm      Needs libEGL.so.1 at run time, but not its headers.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void *Handle;
static Handle (*proc)(const char *);

/* The functions used, by return type, name and arguments. */
#define FUNCTIONS(F)                                                                                                  \
  F(void, glGenBuffers, int, unsigned *)                                                                              \
  F(void, glBindBuffer, unsigned, unsigned)                                                                           \
  F(void, glBufferData, unsigned, intptr_t, const void *, unsigned)                                                   \
  F(void, glGenVertexArrays, int, unsigned *)                                                                         \
  F(void, glBindVertexArray, unsigned)                                                                                \
  F(void, glVertexAttribPointer, unsigned, int, unsigned, unsigned char, int, const void *)                           \
  F(void, glEnableVertexAttribArray, unsigned)                                                                        \
  F(unsigned, glCreateShader, unsigned)                                                                               \
  F(void, glShaderSource, unsigned, int, const char *const *, const int *)                                            \
  F(void, glCompileShader, unsigned)                                                                                  \
  F(unsigned, glCreateProgram, void)                                                                                  \
  F(void, glAttachShader, unsigned, unsigned)                                                                         \
  F(void, glLinkProgram, unsigned)                                                                                    \
  F(void, glGetProgramiv, unsigned, unsigned, int *)                                                                  \
  F(void, glUseProgram, unsigned)                                                                                     \
  F(int, glGetUniformLocation, unsigned, const char *)                                                                \
  F(void, glUniform1i, int, int)                                                                                      \
  F(void, glUniform1f, int, float)                                                                                    \
  F(void, glGenFramebuffers, int, unsigned *)                                                                         \
  F(void, glBindFramebuffer, unsigned, unsigned)                                                                      \
  F(void, glGenRenderbuffers, int, unsigned *)                                                                        \
  F(void, glBindRenderbuffer, unsigned, unsigned)                                                                     \
  F(void, glRenderbufferStorage, unsigned, unsigned, int, int)                                                        \
  F(void, glFramebufferRenderbuffer, unsigned, unsigned, unsigned, unsigned)                                          \
  F(unsigned, glCheckFramebufferStatus, unsigned)                                                                     \
  F(void, glDrawElementsInstanced, unsigned, int, unsigned, const void *, int)                                        \
  F(void, glClear, unsigned)                                                                                          \
  F(void, glEnable, unsigned)                                                                                         \
  F(void, glViewport, int, int, int, int)                                                                             \
  F(void, glFinish, void)                                                                                             \
  F(void, glFlush, void)                                                                                              \
  F(void, glReadPixels, int, int, int, int, unsigned, unsigned, void *)                                               \
  F(void *, glMapBufferRange, unsigned, intptr_t, intptr_t, unsigned)                                                 \
  F(unsigned char, glUnmapBuffer, unsigned)                                                                           \
  F(const unsigned char *, glGetString, unsigned)                                                                     \
  F(unsigned, glGetError, void)                                                                                       \
  F(void, glGenQueries, int, unsigned *)                                                                              \
  F(void, glBeginQuery, unsigned, unsigned)                                                                           \
  F(void, glEndQuery, unsigned)                                                                                       \
  F(void, glGetQueryObjectuiv, unsigned, unsigned, unsigned *)
#define DECLARE(result, name, ...) static result (*name)(__VA_ARGS__);
FUNCTIONS(DECLARE)

enum {
  ARRAY = 0x8892, ELEMENTS = 0x8893, PACK = 0x88EB, STATIC_DRAW = 0x88E4, STREAM_READ = 0x88E1, FLOAT = 0x1406,
  U16 = 0x1403, U8 = 0x1401, TRIANGLES = 4, FRAMEBUFFER = 0x8D40, RENDERBUFFER = 0x8D41, RGBA8 = 0x8058, RGBA = 0x1908,
  BGRA = 0x80E1, U8888_REV = 0x8367, COLOR = 0x4000, CULL_FACE = 0x0B44, MAP_READ = 1, SAMPLES_PASSED = 0x8914,
  QUERY_RESULT = 0x8866
};

static void die(const char *what) {
  fprintf(stderr, "reference: %s\n", what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static int is_software(const char *renderer) {
  return strstr(renderer, "llvmpipe") || strstr(renderer, "softpipe") || strstr(renderer, "swrast");
}

/* An OpenGL 3.3 core context on an EGL device. */
static void open_context(void) {
  Handle egl = dlopen("libEGL.so.1", RTLD_NOW | RTLD_GLOBAL);
  if (!egl) die(dlerror());
  proc = (Handle(*)(const char *))dlsym(egl, "eglGetProcAddress");
  unsigned (*query_devices)(int, Handle *, int *) = (void *)proc("eglQueryDevicesEXT");
  Handle (*get_display)(unsigned, Handle, const intptr_t *) = (void *)dlsym(egl, "eglGetPlatformDisplay");
  unsigned (*initialize)(Handle, int *, int *) = (void *)dlsym(egl, "eglInitialize");
  unsigned (*bind_api)(unsigned) = (void *)dlsym(egl, "eglBindAPI");
  unsigned (*choose)(Handle, const int *, Handle *, int, int *) = (void *)dlsym(egl, "eglChooseConfig");
  Handle (*create)(Handle, Handle, Handle, const int *) = (void *)dlsym(egl, "eglCreateContext");
  unsigned (*make_current)(Handle, Handle, Handle, Handle) = (void *)dlsym(egl, "eglMakeCurrent");
  Handle devices[16];
  int count = 0;
  if (!query_devices || !query_devices(16, devices, &count) || !count) die("no EGL device");
  for (int i = 0; i < count; i++) {
    Handle display = get_display(0x313F /* EGL_PLATFORM_DEVICE_EXT */, devices[i], 0), config;
    int configs = 0, wanted[] = {0x3033, 0, 0x3040, 8 /* OpenGL */, 0x3038};
    int attributes[] = {0x3098, 3, 0x30FB, 3, 0x30FD, 1 /* core */, 0x3038};
    if (!display || !initialize(display, 0, 0)) continue;
    bind_api(0x30A2 /* EGL_OPENGL_API */);
    if (!choose(display, wanted, &config, 1, &configs) || !configs) continue;
    Handle context = create(display, config, 0, attributes);
    if (!context || !make_current(display, 0, 0, context)) continue;
#define LOAD(result, name, ...)                                                                                        \
  if (!(name = (result(*)(__VA_ARGS__))proc(#name))) die("no " #name);
    FUNCTIONS(LOAD)
    const char *renderer = (const char *)glGetString(0x1F01);
    if (!is_software(renderer) || getenv("REFERENCE_SOFTWARE")) {
      printf("renderer %s\n", renderer);
      return;
    }
  }
  die("no EGL device draws in hardware (REFERENCE_SOFTWARE=1 takes any)");
}

static unsigned program(const char *vertex, const char *fragment) {
  unsigned id = glCreateProgram();
  const char *texts[] = {vertex, fragment};
  unsigned kinds[] = {0x8B31, 0x8B30};
  int linked = 0;
  for (int i = 0; i < 2; i++) {
    unsigned shader = glCreateShader(kinds[i]);
    glShaderSource(shader, 1, &texts[i], 0);
    glCompileShader(shader);
    glAttachShader(id, shader);
  }
  glLinkProgram(id);
  glGetProgramiv(id, 0x8B82, &linked);
  if (!linked) die("a shader does not link");
  glUseProgram(id);
  return id;
}

static unsigned framebuffer(int width, int height) {
  unsigned id, color;
  glGenFramebuffers(1, &id);
  glBindFramebuffer(FRAMEBUFFER, id);
  glGenRenderbuffers(1, &color);
  glBindRenderbuffer(RENDERBUFFER, color);
  glRenderbufferStorage(RENDERBUFFER, RGBA8, width, height);
  glFramebufferRenderbuffer(FRAMEBUFFER, 0x8CE0, RENDERBUFFER, color);
  if (glCheckFramebufferStatus(FRAMEBUFFER) != 0x8CD5) die("the framebuffer is incomplete");
  glViewport(0, 0, width, height);
  return id;
}

/* The red gear: 20 teeth, 400 triangles, corners as in glxgears. */
enum { TEETH = 20, MOST = TEETH * 64 };
static float vertices[MOST][6];
static uint16_t indices[MOST * 3];
static int vertex_count, index_count;

static void polygon(int corners, const float at[][3], const float normal[3]) {
  int first = vertex_count;
  for (int i = 0; i < corners; i++, vertex_count++) {
    memcpy(vertices[vertex_count], at[i], 12);
    memcpy(vertices[vertex_count] + 3, normal, 12);
  }
  for (int i = 2; i < corners; i++) {
    uint16_t triangle[] = {first, first + i - 1, first + i};
    memcpy(indices + index_count, triangle, sizeof triangle);
    index_count += 3;
  }
}

static void at(float out[3], double radius, double angle, double z) {
  out[0] = radius * cos(angle), out[1] = radius * sin(angle), out[2] = z;
}

static void build_gear(void) {
  const double r0 = 1, r1 = 3.65, r2 = 4.35, z = 0.5, da = 2 * M_PI / TEETH / 4;
  for (int tooth = 0; tooth < TEETH; tooth++) {
    const double t = tooth * 4 * da;
    for (int side = 1; side >= -1; side -= 2) {
      const float normal[] = {0, 0, side};
      const double faces[3][4][2] = {{{r0, 0}, {r1, 0}, {r1, 3}, {r0, 0}}, /* a triangle: the last is the first */
                                     {{r0, 0}, {r1, 3}, {r1, 4}, {r0, 4}},
                                     {{r1, 0}, {r2, 1}, {r2, 2}, {r1, 3}}};
      for (int face = 0; face < 3; face++) {
        float corners[4][3];
        int count = face ? 4 : 3;
        for (int i = 0; i < count; i++) {
          const double *c = faces[face][side > 0 ? i : count - 1 - i];
          at(corners[i], c[0], t + c[1] * da, side * z);
        }
        polygon(count, corners, normal);
      }
    }
    const double rim[6][2] = {{r1, 0}, {r2, 1}, {r2, 2}, {r1, 3}, {r1, 4}};
    for (int i = 0; i < 4; i++) {
      float corners[4][3], normal[] = {cos(t), sin(t), 0};
      at(corners[0], rim[i][0], t + rim[i][1] * da, z), at(corners[1], rim[i][0], t + rim[i][1] * da, -z);
      at(corners[2], rim[i + 1][0], t + rim[i + 1][1] * da, -z), at(corners[3], rim[i + 1][0], t + rim[i + 1][1] * da, z);
      polygon(4, corners, normal);
    }
    float bore[4][3], inward[] = {-cos(t), -sin(t), 0};
    at(bore[0], r0, t, -z), at(bore[1], r0, t, z), at(bore[2], r0, t + 4 * da, z), at(bore[3], r0, t + 4 * da, -z);
    polygon(4, bore, inward);
  }
  unsigned array, buffers[2];
  glGenVertexArrays(1, &array);
  glBindVertexArray(array);
  glGenBuffers(2, buffers);
  glBindBuffer(ARRAY, buffers[0]);
  glBufferData(ARRAY, sizeof vertices[0] * vertex_count, vertices, STATIC_DRAW);
  glBindBuffer(ELEMENTS, buffers[1]);
  glBufferData(ELEMENTS, sizeof indices[0] * index_count, indices, STATIC_DRAW);
  glVertexAttribPointer(0, 3, FLOAT, 0, 24, 0);
  glVertexAttribPointer(1, 3, FLOAT, 0, 24, (void *)12);
  glEnableVertexAttribArray(0);
  glEnableVertexAttribArray(1);
}

static char *grid_vertex, *grid_fragment;

static char *shader(const char *folder, const char *name) {
  static const char header[] = "#version 330 core\n";
  char path[4096], *text = calloc(1, 1 << 16);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "r");
  if (!file) die("give the folder of the shaders: reference shaders");
  strcpy(text, header);
  if (!fread(text + strlen(header), 1, (1 << 16) - sizeof header, file)) die("an empty shader");
  fclose(file);
  return text;
}

/* The grid of `cells` x `cells` gears. */
static void grid(int cells, float reach) {
  unsigned id = program(grid_vertex, grid_fragment);
  glUniform1i(glGetUniformLocation(id, "cells"), cells);
  glUniform1i(glGetUniformLocation(id, "first"), 0);
  glUniform1f(glGetUniformLocation(id, "scale"), reach / 4.35f);
  glUniform1f(glGetUniformLocation(id, "angle"), 0);
}

static void draw_gears(int gears) {
  glClear(COLOR);
  glDrawElementsInstanced(TRIANGLES, index_count, U16, 0, gears);
}

static const double TRIAL = 0.25;

/* Frames per second with this many gears. Flushing, and sometimes finishing, keeps at most three frames queued. */
static double gears_rate(int gears) {
  long frames = 0;
  for (int i = 0; i < 3; i++) draw_gears(gears);
  glFinish();
  double start = now();
  do {
    for (int i = 0; i < 16; i++, frames++) draw_gears(gears), glFlush();
    glFinish();
  } while (now() - start < TRIAL);
  return frames / (now() - start);
}

static void best_gears(const char *stage, double work_per_gear, const char *unit) {
  double best = 0;
  int best_gears = 0;
  for (int gears = 16; gears <= 1 << 16; gears *= 4) {
    double fps = gears_rate(gears), rate = fps * gears * work_per_gear;
    if (rate > best) best = rate, best_gears = gears;
    if (fps < 20) break;
  }
  printf("%s %.4f %s (%d gears per frame)\n", stage, best, unit, best_gears);
  fflush(stdout);
}

static double read_rate(int width, int height, int depth, unsigned format, unsigned type) {
  unsigned buffers[16];
  const long bytes = 4l * width * height;
  long reads = 0;
  glGenBuffers(depth, buffers);
  for (int i = 0; i < depth; i++) {
    glBindBuffer(PACK, buffers[i]);
    glBufferData(PACK, bytes, 0, STREAM_READ);
  }
  double start = 0;
  for (long i = 0; !start || now() - start < TRIAL; i++) {
    glBindBuffer(PACK, buffers[i % depth]);
    if (i >= depth) {
      volatile unsigned char *data = glMapBufferRange(PACK, 0, bytes, MAP_READ);
      if (!data) die("a pixel buffer cannot be mapped");
      (void)data[0], (void)data[bytes - 1];
      glUnmapBuffer(PACK);
      reads++;
    }
    if (i == 2 * depth) start = now(), reads = 0;
    glReadPixels(0, 0, width, height, format, type, 0);
  }
  double rate = reads * bytes / (now() - start);
  glBindBuffer(PACK, 0);
  return rate;
}

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : "shaders";
  open_context();
  grid_vertex = shader(folder, "bench_grid.vert"), grid_fragment = shader(folder, "gear.frag");
  build_gear();
  glEnable(CULL_FACE);

  framebuffer(300, 300);
  grid(64, 0.5f);
  best_gears("vertex", index_count / 3 / 1e6, "Mtriangles/s");

  const int width = 1920, height = 1080;
  unsigned query, pixels;
  framebuffer(width, height);
  grid(1, 1);
  glGenQueries(1, &query);
  glBeginQuery(SAMPLES_PASSED, query);
  draw_gears(1);
  glEndQuery(SAMPLES_PASSED);
  glGetQueryObjectuiv(query, QUERY_RESULT, &pixels);
  best_gears("fill", pixels / 1e9, "Gpixels/s");

  double best = 0;
  int best_depth = 0, best_format = 0;
  const unsigned formats[2][2] = {{RGBA, U8}, {BGRA, U8888_REV}};
  for (int format = 0; format < 2; format++)
    for (int depth = 2; depth <= 8; depth *= 2) {
      double rate = read_rate(width, height, depth, formats[format][0], formats[format][1]);
      if (rate > best) best = rate, best_depth = depth, best_format = format;
    }
  printf("readback %.4f GB/s (ring of %d, %s)\n", best / 1e9, best_depth, best_format ? "BGRA" : "RGBA");
  if (glGetError()) die("OpenGL reports an error");
  return 0;
}
