/* Kernels to machine code in memory: the disk cache first, then the code generator's library, which
 * is loaded now if it was not yet. */
#define _GNU_SOURCE
#include "compile/compile.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/runtime.h"

int compile_debug(void)
{
    const char *set = getenv("COTAN_DEBUG");
    return set ? atoi(set) : 0;
}

bool compile_optimizes(void)
{
    const char *set = getenv("COTAN_OPTIMIZE");
    return !set || strcmp(set, "0");
}

/* ---- the generator ---- */
static const codegen *try_generator(const char *folder)
{
    char path[4200];
    snprintf(path, sizeof path, "%s%slibcotan_llvm.so", folder, *folder ? "/" : "");
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const codegen *found = library ? dlsym(library, "cotan_codegen") : NULL;
    return found && *found->version == codegen_version ? found : NULL;
}

/* Beside the library (or program) that this code is in, where it was built, or wherever the dynamic
 * linker looks. */
static const codegen *find_generator(void)
{
    Dl_info self;
    const char *named = getenv("COTAN_LLVM_DIR");
    const codegen *found = named ? try_generator(named) : NULL;
    if (!found && dladdr((void *)find_generator, &self) && self.dli_fname) {
        char folder[4096];
        snprintf(folder, sizeof folder, "%s", self.dli_fname);
        char *slash = strrchr(folder, '/');
        if (slash)
            *slash = 0, found = try_generator(folder);
    }
    if (!found)
        found = try_generator(COTAN_LLVM_FOLDER);
    return found ? found : try_generator("");
}

static pthread_mutex_t generating = PTHREAD_MUTEX_INITIALIZER;

static bool generate(int n, const kernel_ir *const *kernels, code_blob *blob)
{
    static const codegen *generator;
    char message[256] = "";
    pthread_mutex_lock(&generating);
    if (!generator)
        generator = find_generator();
    bool ok = generator && generator->compile(n, kernels, compile_debug(), blob, message);
    pthread_mutex_unlock(&generating);
    if (!generator)
        base_fail(CT_RUNTIME_ERROR,
                  "compile: cannot load libcotan_llvm.so (%s); COTAN_LLVM_DIR names its folder, "
                  "COTAN_OPTIMIZE=0 runs "
                  "without it",
                  dlerror());
    else if (!ok)
        base_fail(CT_RUNTIME_ERROR, "%s", message);
    return ok;
}

/* ---- the cache: an entry is the entries' offsets, then the code ---- */
static uint64_t machine_hash(void)
{
    static uint64_t h;
    if (h)
        return h;
    uint64_t found = codegen_version;
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[4096];
    for (int known = 0; f && known < 2 && fgets(line, sizeof line, f);)
        if (!strncmp(line, "flags", 5) || !strncmp(line, "model name", 10))
            found = base_hash(line, strlen(line), found), known++;
    if (f)
        fclose(f);
    return h = found | 1;
}

static void cache_key(int n, const kernel_ir *const *kernels, uint64_t key[2])
{
    key[0] = machine_hash(), key[1] = base_mix(machine_hash(), 0x636f6465u);
    for (int i = 0; i < n; i++)
        key[0] = loop_hash(kernels[i], key[0]),
        key[1] = loop_hash(kernels[i], key[1] ^ 0x9e3779b97f4a7c15u);
}

static bool from_cache(const uint64_t key[2], int n, code_blob *blob)
{
    size_t size, offsets = (size_t)n * sizeof(uint64_t);
    char *bytes = cache_read(key, &size);
    if (!bytes)
        return false;
    *blob = (code_blob){NULL, size - offsets, NULL};
    bool ok = size > offsets && (blob->bytes = malloc(size - offsets)) &&
              (blob->entries = malloc(offsets + 1));
    if (ok) {
        memcpy(blob->entries, bytes, offsets);
        memcpy(blob->bytes, bytes + offsets, size - offsets);
        for (int i = 0; i < n; i++)
            ok &= blob->entries[i] < blob->size;
    }
    free(bytes);
    if (!ok)
        free(blob->bytes), free(blob->entries);
    return ok;
}

static void to_cache(const uint64_t key[2], int n, const code_blob *blob)
{
    size_t offsets = (size_t)n * sizeof(uint64_t);
    char *bytes = malloc(offsets + blob->size);
    if (!bytes)
        return;
    memcpy(bytes, blob->entries, offsets);
    memcpy(bytes + offsets, blob->bytes, blob->size);
    cache_write(key, bytes, offsets + blob->size);
    free(bytes);
}

/* ---- code ---- */
static void code_destroy(object *o)
{
    code *c = (code *)o;
    if (c->mapping)
        executable_unmap(c->mapping, c->size);
    base_free(c->kernels);
    base_free(c);
}
static const object_class code_class = {code_destroy};

static code *map_code(int n, const code_blob *blob)
{
    code *c = base_zalloc(sizeof *c);
    if (!c)
        return NULL;
    c->head = (object){.class = &code_class, .refs = 1, .kind = KIND_OTHER};
    c->n = n;
    c->kernels = base_alloc((size_t)n * sizeof *c->kernels);
    c->mapping = c->kernels ? executable_map(blob->bytes, blob->size, &c->size) : NULL;
    if (!c->mapping) {
        object_release(c);
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        void *entry = (char *)c->mapping + blob->entries[i];
        memcpy(&c->kernels[i], &entry, sizeof entry);
    }
    return c;
}

code *code_compile(int n, const kernel_ir *const *kernels)
{
    for (int i = 0; i < n; i++)
        if (!loop_verify(kernels[i]))
            return NULL;
    uint64_t key[2];
    cache_key(n, kernels, key);
    code_blob blob;
    bool cached = compile_debug() < 3 && from_cache(key, n, &blob);
    if (!cached && !generate(n, kernels, &blob))
        return NULL;
    code *c = map_code(n, &blob);
    if (!cached && c)
        to_cache(key, n, &blob);
    free(blob.bytes), free(blob.entries);
    return c;
}
