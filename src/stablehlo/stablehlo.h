/* A program as StableHLO text: what jit(f).lower(...).as_text() gives, and what other compilers
 * read. */
#ifndef COTAN_SRC_STABLEHLO_H
#define COTAN_SRC_STABLEHLO_H
#include "core/core.h"

/* What the text of a program depends on besides its equations. */
typedef struct stablehlo_options {
    const char *name;       /* of the function: "f" makes the module @jit_f */
    const treedef *out_def; /* of the results, which are named by their paths; may be NULL */
    const bool *donated;    /* an entry an input; NULL: none */
    bool keep_unused;       /* inputs that nothing reads stay arguments */
} stablehlo_options;

/* Writes the module whose public function @main is the program. False after a failure. */
CT_NODISCARD bool stablehlo_text(text *t, jaxpr *j, const stablehlo_options *o);
#endif
