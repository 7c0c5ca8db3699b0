// forward.cc — where the entry points of this libcublas.so.12 lead: to those of libcublas.so.13, looked up when first called.
//
//   libcublas.so.13   $TWEEDIE_CUBLAS if set, else what the system's loader finds, else the toolkit's folders below
//   status            1 (not initialized) where there is no library, 15 (not supported) where it lacks the entry point;
//                     one line on stderr names what is absent and the remedy
//
// build.sh writes the entry points (jumps through tw_cublas_slots) and tw_cublas_names. Nothing here needs the C++ library.
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

extern "C" {
extern void* tw_cublas_slots[];
extern const char* const tw_cublas_names[];
void tw_cublas_no_library();
void tw_cublas_no_entry();
}

static const char SONAME[] = "libcublas.so.13";
static const char* const FOLDERS[] = {"/usr/local/cuda/lib64", "/usr/local/cuda-13/lib64", "/usr/local/cuda/targets/x86_64-linux/lib"};

static void* library;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library() {
    const char* const given = getenv("TWEEDIE_CUBLAS");
    const bool named = given && *given;
    library = dlopen(named ? given : SONAME, RTLD_LAZY | RTLD_LOCAL);
    if (library) return;
    char why[512];
    snprintf(why, sizeof why, "%s", dlerror());
    for (const char* const folder : FOLDERS) {
        if (named || library) break;
        char path[256];
        snprintf(path, sizeof path, "%s/%s", folder, SONAME);
        library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    }
    if (library) return;
    fprintf(stderr, "tweedie: this libcublas.so.12 only forwards to %s, which does not load: %s; "
                    "put its folder on LD_LIBRARY_PATH, or its path into TWEEDIE_CUBLAS\n", SONAME, why);
}

// The address behind entry i, which is kept; called by the entry itself, once or by some threads at once.
extern "C" __attribute__((visibility("hidden"))) void* tw_cublas_find(const long i) {
    pthread_once(&once, open_library);
    void* to = library ? dlsym(library, tw_cublas_names[i]) : nullptr;
    if (!to) {
        if (library) fprintf(stderr, "tweedie: %s has no %s\n", SONAME, tw_cublas_names[i]);
        to = reinterpret_cast<void*>(library ? tw_cublas_no_entry : tw_cublas_no_library);
    }
    __atomic_store_n(&tw_cublas_slots[i], to, __ATOMIC_RELEASE);
    return to;
}
