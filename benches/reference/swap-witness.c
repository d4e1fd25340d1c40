/* An independent witness of frames shown: counts the calls of glXSwapBuffers and eglSwapBuffers of any program, and at
 * its end writes count and the seconds between the first and the last of them to the file SWAP_WITNESS names.
 *
 * Programs that load OpenGL themselves ask dlsym, glXGetProcAddress or eglGetProcAddress for the function, so these
 * are what is stood in for.
 *
 * Build: cc -shared -fPIC -O2 -o swap-witness.so swap-witness.c -ldl
 * Use:   SWAP_WITNESS=/tmp/swaps LD_PRELOAD=./swap-witness.so program
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void (*Function)(void);

static unsigned long swaps;
static double first, last;
static void (*real_glx_swap)(void *, unsigned long);
static unsigned (*real_egl_swap)(void *, void *);
static Function (*real_glx_get)(const unsigned char *), (*real_egl_get)(const char *);

static void note(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  last = t.tv_sec + 1e-9 * t.tv_nsec;
  if (!swaps++) first = last;
}

static void glx_swap(void *display, unsigned long drawable) {
  note();
  real_glx_swap(display, drawable);
}

static unsigned egl_swap(void *display, void *surface) {
  note();
  return real_egl_swap(display, surface);
}

static Function glx_get(const unsigned char *name);
static Function egl_get(const char *name);

/* What is given out in place of `found`, the real function of that name. */
static void *stand_in(const char *name, void *found) {
  if (!found) return found;
  if (!strcmp(name, "glXSwapBuffers")) return real_glx_swap = found, (void *)glx_swap;
  if (!strcmp(name, "eglSwapBuffers")) return real_egl_swap = found, (void *)egl_swap;
  if (!strcmp(name, "glXGetProcAddress") || !strcmp(name, "glXGetProcAddressARB"))
    return real_glx_get = found, (void *)glx_get;
  if (!strcmp(name, "eglGetProcAddress")) return real_egl_get = found, (void *)egl_get;
  return found;
}

static Function glx_get(const unsigned char *name) {
  return (Function)stand_in((const char *)name, (void *)real_glx_get(name));
}

static Function egl_get(const char *name) { return (Function)stand_in(name, (void *)real_egl_get(name)); }

/* Only the program's own questions are answered otherwise: libglvnd asks dlsym, too, for its vendors' functions, and
 * would count each call twice. */
void *dlsym(void *handle, const char *name) {
  static void *(*real)(void *, const char *);
  if (!real) {
    const char *versions[] = {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17"};
    for (int i = 0; i < 3 && !real; i++) real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    if (!real) abort();
  }
  void *found = real(handle, name);
  Dl_info caller;
  const char *path = dladdr(__builtin_return_address(0), &caller) ? caller.dli_fname : "";
  return path && strstr(path, ".so") ? found : stand_in(name, found);
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("SWAP_WITNESS");
  FILE *file = path && swaps ? fopen(path, "w") : 0;
  if (!file) return;
  fprintf(file, "%lu %.6f\n", swaps, last - first);
  fclose(file);
}
