/* The generators of random bits: how the keys of each are made, split and drawn from.
 *
 * Keys and messages are words of 32 bits; several keys follow each other. */
#ifndef COTAN_SRC_OPS_GENERATORS_H
#define COTAN_SRC_OPS_GENERATORS_H
#include "array/array.h"

enum { GENERATOR_MOST_WORDS = 4 };

typedef struct generator {
    const char *name, *tag; /* jax.random's, and that of jaxprs */
    int words;              /* of a key */
    /* The key of an integer; wide: of 64 bits. */
    void (*seed)(uint64_t seed, bool wide, uint32_t *key);
    /* `each` keys from every one of n. */
    void (*split)(const uint32_t *keys, int64_t n, int64_t each, uint32_t *out);
    /* The one of these with number i, of a single key. */
    void (*child)(const uint32_t *key, int64_t i, uint32_t *out);
    /* The key of a message, element `index` of a draw over several messages whose first is `first`.
     */
    void (*fold_in)(const uint32_t *key, uint32_t message, uint32_t first, int64_t index,
                    uint32_t *out);
    /* `each` draws of 8, 16, 32 or 64 bits from every one of n keys. */
    void (*bits)(const uint32_t *keys, int64_t n, int64_t each, int bit_width, void *out);
} generator;

/* Whether threefry hashes the two halves of its counters together, as JAX does without
 * jax_threefry_partitionable. */
extern bool generators_in_halves;

/* That of a key dtype, and of jax.random's names or jaxprs' tags; NULL for others. */
const generator *generator_of(ct_dtype key);
ct_dtype generator_named(const char *name);
#endif
