/* The compiler's rooms between them: passes (graph.c, group.c, lower.c, plan.c), the program they
 * make (program.c), and machine code (code.c). */
#ifndef COTAN_SRC_COMPILE_H
#define COTAN_SRC_COMPILE_H
#include "compile/loops.h"
#include "core/core.h"

/* ---- machine code (code.c) ---- */
/* Code of several kernels in executable memory; shared by reference. */
typedef struct code {
    object head;
    void *mapping;
    size_t size;
    int n;
    kernel_code **kernels;
} code;
/* From the disk cache, or generated. Identical kernels must have been merged by the caller. */
CT_NODISCARD code *code_compile(int n, const kernel_ir *const *kernels);

/* COTAN_DEBUG: 1 jaxprs, 2 loops, 3 LLVM IR, 4 assembly. */
int compile_debug(void);
/* Prints a program under a title if programs are to be printed. */
void compile_show(const char *title, const jaxpr *j);
/* COTAN_OPTIMIZE=0: every equation by its own kernel. */
bool compile_optimizes(void);

extern const ct_backend compile_backend;
/* Makes this compiler the backend of jit. */
void compile_install(void);
#endif
