/* An independent witness of presented frames, for any program: counts its calls of glXSwapBuffers and eglSwapBuffers,
 * and keeps the count, and the times of the first and the last call, in a file that others can read at any time.
 *
 * Build: cc -shared -fPIC -O2 -o swap-counter.so swap-counter.c -ldl
 * Use:   SWAP_COUNTER=/tmp/swaps LD_PRELOAD=./swap-counter.so program
 * File:  struct counter below, in the machine's own layout
 *
 * glxgears is linked with glXSwapBuffers; programs that load OpenGL themselves ask dlsym, glXGetProcAddress or
 * eglGetProcAddress for it. This library replaces all of them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct counter {
  uint64_t swaps;
  double first, last; /* seconds on the monotonic clock */
};

typedef void (*Function)(void);

static struct counter nowhere, *counter = &nowhere;
static void (*real_glx_swap)(void *, unsigned long);
static unsigned (*real_egl_swap)(void *, void *);
static Function (*real_glx_get)(const unsigned char *), (*real_egl_get)(const char *);

__attribute__((constructor)) static void open_file(void) {
  const char *path = getenv("SWAP_COUNTER");
  int file = path ? open(path, O_RDWR | O_CREAT, 0600) : -1;
  if (file < 0 || ftruncate(file, sizeof *counter)) return;
  void *mapped = mmap(0, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped != MAP_FAILED) counter = mapped;
  close(file);
}

/* A library may present a frame through another's function of the same name: only the outermost call counts. */
static _Thread_local int depth;

static void enter(void) {
  if (depth++) return;
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  counter->last = t.tv_sec + 1e-9 * t.tv_nsec;
  if (!counter->swaps) counter->first = counter->last;
  __atomic_fetch_add(&counter->swaps, 1, __ATOMIC_RELEASE);
}

static void *real_dlsym(void *handle, const char *name) {
  static void *(*real)(void *, const char *);
  const char *versions[] = {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17"};
  for (int i = 0; i < 3 && !real; i++) real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", versions[i]);
  if (!real) abort();
  return real(handle, name);
}

void glXSwapBuffers(void *display, unsigned long drawable) {
  if (!real_glx_swap) real_glx_swap = (void (*)(void *, unsigned long))real_dlsym(RTLD_NEXT, "glXSwapBuffers");
  enter();
  real_glx_swap(display, drawable);
  depth--;
}

unsigned eglSwapBuffers(void *display, void *surface) {
  if (!real_egl_swap) real_egl_swap = (unsigned (*)(void *, void *))real_dlsym(RTLD_NEXT, "eglSwapBuffers");
  enter();
  unsigned shown = real_egl_swap(display, surface);
  depth--;
  return shown;
}

static Function glx_get(const unsigned char *name);
static Function egl_get(const char *name);

/* What is returned in place of `found`, the real function of that name. */
static void *stand_in(const char *name, void *found) {
  if (!found) return found;
  if (!strcmp(name, "glXSwapBuffers")) return real_glx_swap = found, (void *)glXSwapBuffers;
  if (!strcmp(name, "eglSwapBuffers")) return real_egl_swap = found, (void *)eglSwapBuffers;
  if (!strcmp(name, "glXGetProcAddress") || !strcmp(name, "glXGetProcAddressARB"))
    return real_glx_get = found, (void *)glx_get;
  if (!strcmp(name, "eglGetProcAddress")) return real_egl_get = found, (void *)egl_get;
  return found;
}

static Function glx_get(const unsigned char *name) {
  return (Function)stand_in((const char *)name, (void *)real_glx_get(name));
}

static Function egl_get(const char *name) { return (Function)stand_in(name, (void *)real_egl_get(name)); }

/* Only the program's own calls get replacements: libglvnd, too, calls dlsym, for its vendors' functions. The caller is
 * looked up only if it matters, because otherwise a program that asks for a thousand names would start later. */
void *dlsym(void *handle, const char *name) {
  void *found = real_dlsym(handle, name);
  if (strncmp(name, "glX", 3) && strncmp(name, "egl", 3)) return found;
  Dl_info caller;
  const char *path = dladdr(__builtin_return_address(0), &caller) && caller.dli_fname ? caller.dli_fname : "";
  const char *file = strrchr(path, '/');
  return strstr(file ? file : path, ".so") ? found : stand_in(name, found);
}
