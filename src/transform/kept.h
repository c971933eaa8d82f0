/* Programs that are kept for the host's functions: those of loop bodies and branches. */
#ifndef COTAN_SRC_KEPT_H
#define COTAN_SRC_KEPT_H
#include "transform/transform.h"

/* What a program was traced for. `by` is compared as a pointer; counts: an index that goes up is
 * its first input, and the next one its first result. */
typedef struct kept_key {
    const char *by;
    bool counts;
    const treedef *in_def;
    int64_t n;
    const aval *in;
} kept_key;

/* The program, a reference of the caller's, and what its function returned; NULL: there is none. */
CT_NODISCARD jaxpr *kept_find(ct_fn f, const kept_key *key, treedef **out_def);
/* A program and the function that it was traced from; NULL: none. */
typedef struct loop_part {
    ct_fn f;
    jaxpr *j;
} loop_part;
/* The program with its constants as leading inputs: the same each time, if the program is kept,
 * and then what is made of it is kept, too. A reference of the caller's. */
CT_NODISCARD jaxpr *kept_opened(const loop_part *p);
/* Keeps a program under f, where the host gave f a place for them. */
void kept_add(ct_fn f, const kept_key *key, jaxpr *j, treedef *out_def);
void kept_clear(void);
#endif
