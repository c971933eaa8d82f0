/* Mutable arrays in programs: what jit and the backend need to know (discharge.c). */
#ifndef COTAN_SRC_DISCHARGE_H
#define COTAN_SRC_DISCHARGE_H
#include "core/core.h"

/* Runs a program that uses references on concrete values, and writes to the references. */
CT_NODISCARD bool discharge_run(jaxpr *j, int nin, const ct_array *in, int nout, ct_array *out);
/* Whether it closes over references; those, in order; and the program with them as its last inputs
 * (borrowed). */
bool jaxpr_has_ref_consts(const jaxpr *j);
int jaxpr_ref_consts(const jaxpr *j, ct_array *refs);
jaxpr *jaxpr_close_refs(jaxpr *j);
/* The program without references, where its inputs and constants are none: borrowed. */
jaxpr *jaxpr_discharge(jaxpr *j);
/* A program must get each reference once: false and a ValueError that names the arguments of f. */
CT_NODISCARD bool refs_are_distinct(ct_fn f, const treedef *in_def, const jaxpr *j, int64_t nin,
                                    const ct_array *in);
#endif
