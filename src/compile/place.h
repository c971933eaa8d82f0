/* Where temporaries lie that share memory one after another (place.c). */
#ifndef COTAN_SRC_PLACE_H
#define COTAN_SRC_PLACE_H
#include "base/base.h"

typedef struct place_block {
    int32_t slot;
    int64_t first, last; /* in use from one step to another, both included; first <= last */
    size_t bytes, offset;
} place_block;

/* Gives each block its offset, and the bytes that all of them need together. */
CT_NODISCARD bool place_blocks(int64_t n, place_block *blocks, size_t *bytes);
#endif
