/* Callbacks on flat values: what the functions of cotan/effects.h and host languages bind. */
#ifndef COTAN_SRC_CALLBACK_H
#define COTAN_SRC_CALLBACK_H
#include "core/core.h"
#include "cotan/effects.h"

typedef struct params_callback {
    ct_fn callback; /* flat: takes concrete arrays, returns as many as there are result types */
    bool ordered, partitioned;
    aval_list results;
    const char *vmap_method, *effect, *format;
} params_callback;
extern const op op_row_pure_callback, op_row_io_callback, op_row_debug_callback, op_row_debug_print;

/* NULL for CT_VMAP_REFUSED. */
const char *vmap_method_name(ct_vmap_method m);
/* Fills what depends on the operation, and binds. out has room for the results. */
bool callback_bind(const op *o, params_callback *p, int nin, const ct_array *in, ct_array *out);
#endif
