// Notes when a program shows its first frame: preload it, and name a file in $FIRST_FRAME.
// The file gets the seconds on the monotonic clock at the first call of glXSwapBuffers or eglSwapBuffers.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void note(void) {
    static int done;
    if (done) return;
    done = 1;
    const char *name = getenv("FIRST_FRAME");
    FILE *file = name ? fopen(name, "w") : NULL;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (file) {
        fprintf(file, "%ld.%09ld\n", (long)now.tv_sec, now.tv_nsec);
        fclose(file);
    }
}

static void *next(const char *library, const char *name) {
    void *handle = dlopen(library, RTLD_LAZY);
    void *(*real_dlsym)(void *, const char *) = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    if (!real_dlsym) real_dlsym = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
    return real_dlsym(handle, name);
}

void glXSwapBuffers(void *display, unsigned long drawable) {
    static void (*real)(void *, unsigned long);
    if (!real) real = next("libGL.so.1", "glXSwapBuffers");
    note();
    real(display, drawable);
}

unsigned eglSwapBuffers(void *display, void *surface) {
    static unsigned (*real)(void *, void *);
    if (!real) real = next("libEGL.so.1", "eglSwapBuffers");
    note();
    return real(display, surface);
}

// A program that finds its functions with dlsym would not meet ours.
void *dlsym(void *handle, const char *name) {
    void *(*real)(void *, const char *) = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    if (!real) real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
    if (!strcmp(name, "glXSwapBuffers")) return glXSwapBuffers;
    if (!strcmp(name, "eglSwapBuffers")) return eglSwapBuffers;
    return real(handle, name);
}
