/* What every public function does before and after its body: the generated calls.c is made of these
 * pieces. */
#ifndef COTAN_SRC_CALL_H
#define COTAN_SRC_CALL_H
#include "api/binding.h"
#include "core/core.h"

/* Not usable as an array: missing, poison or a tree. */
static inline bool call_rejects(ct_array a)
{
    return !a || (a->head.kind != KIND_ARRAY && a->head.kind != KIND_TRACER);
}
/* Poison for poison; for a missing argument or a tree, a TypeError naming the function. */
ct_array call_refuse(const char *function, int n, const ct_array *arrays);

/* True when some enclosing trace writes a jaxpr: then functions marked jitted appear in it as inner
 * calls. */
bool call_staging(void);
/* Stages the body as jit[name=...] on the arrays inside `args` (the argument struct, or the arrays
 * themselves) and binds it. Arrays that are missing in `given`, the arguments before defaults were
 * put in, are constants of the program; NULL for none. */
ct_tree call_staged(const bind_function *f, void (*body)(void), const char *name, const void *args,
                    const void *given);
/* A call outside of all traces: runs the body; once calls with arguments of one kind have taken
 * COTAN_COMPILE_AFTER operations (4000), a compiled program instead. */
ct_tree call_often(const bind_function *f, void (*body)(void), const char *name, const void *args,
                   const void *given);
#endif
