/* The cond operation, for the functions that make it (branches.c). */
#ifndef COTAN_SRC_COND_H
#define COTAN_SRC_COND_H
#include "transform/transform.h"

typedef struct params_cond {
    jaxpr_list branches;
} params_cond;

/* Operands: the index, then those of the branches, which all take the same. */
CT_NODISCARD bool cond_bind(jaxpr **branches, int64_t n, int nin, const ct_array *in, int nout,
                            ct_array *out);
/* The index of a concrete array, clipped to n branches. */
int64_t cond_which(ct_array index, int64_t n);
#endif
