/* Executable memory: code is copied in while the pages are writable, and is never writable again.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/runtime.h"

void *executable_map(const void *bytes, size_t size, size_t *mapped)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    *mapped = (size + page - 1) / page * page;
    void *at = mmap(NULL, *mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        base_fail(CT_OUT_OF_MEMORY_ERROR, "compile: no memory for %zu bytes of machine code", size);
        return NULL;
    }
    memcpy(at, bytes, size);
    if (mprotect(at, *mapped, PROT_READ | PROT_EXEC)) {
        munmap(at, *mapped);
        base_fail(CT_RUNTIME_ERROR,
                  "compile: this process may not make memory executable; COTAN_OPTIMIZE=0 runs "
                  "without machine code of its own");
        return NULL;
    }
    return at;
}

void executable_unmap(void *mapping, size_t mapped) { munmap(mapping, mapped); }
