/* What the samplers share: keys, raw bits, shapes and the constants of float types. keys.c and
 * uniform.c hold the bases; the other files are samplers.
 *
 * All draws come from threefry counters, element i of a draw from counter i, so that they equal
 * JAX's bit for bit (jax_threefry_partitionable). */
#ifndef COTAN_SRC_RANDOM_H
#define COTAN_SRC_RANDOM_H
#include "numpy/shape.h"

/* The dtype of new keys and of raw words: jax_default_prng_impl. */
extern _Atomic ct_dtype random_default;
/* What raw words given as a key do: jax_legacy_prng_key; and whether PRNGKey makes typed keys:
 * jax_enable_custom_prng. */
enum { RAW_KEYS_ALLOWED, RAW_KEYS_WARN, RAW_KEYS_REFUSED };
extern _Atomic int random_raw_keys;
extern _Atomic bool random_typed_keys;
/* A typed scalar key from what the user gave: itself, or raw words wrapped. False and JAX's
 * error for anything else. */
CT_NODISCARD bool random_key_given(const char *what, ct_array given, ct_array *key, bool *raw);
/* The same for parameters that are keys in the stubs: the key, or poison. */
ct_array random_one_key(const char *what, ct_array given);
/* n keys from one. */
void random_split_keys(ct_array key, int64_t n, ct_array *out);
ct_array random_bits_drawn(ct_array key, int64_t bit_width, ct_ints shape);

/* The key's two words, when it is known and no trace is at work: the fast paths. */
CT_NODISCARD bool random_key_known(ct_array key, uint32_t words[2]);
/* One threefry block. */
void random_block(const uint32_t key[2], uint32_t high, uint32_t low, uint32_t out[2]);
/* float32 draws straight into memory. */
void random_fill_uniform(const uint32_t key[2], int64_t n, float low, float high, float *out);
CT_NODISCARD bool random_fill_normal(const uint32_t key[2], int64_t n, float *out);

/* What a float type can hold. */
typedef struct float_limits {
    int bits, mantissa; /* stored bits of each */
    uint64_t one;       /* the bits of 1.0 */
    double tiny, epsilon, epsilon_below,
        above_minus_one; /* smallest normal; steps above and below 1; the successor of -1 */
} float_limits;
/* False and JAX's error when the dtype is no float. The dtype becomes canonical; CT_NO_DTYPE
 * becomes the default float. */
CT_NODISCARD bool random_float_dtype(const char *what, ct_dtype *dtype);
CT_NODISCARD bool random_limits(ct_dtype dtype, float_limits *out);

/* Floats in [low, high): scalars of dtype or anything that broadcasts to the shape. */
ct_array random_uniform_between(ct_array key, ct_ints shape, ct_dtype dtype, ct_array low,
                                ct_array high);
ct_array random_uniform_unit(ct_array key, ct_ints shape, ct_dtype dtype);
ct_array random_normal_drawn(ct_array key, ct_ints shape, ct_dtype dtype);

/* The shape of a draw with parameters: as asked (which the parameters must broadcast to), or the
 * parameters' common one. */
CT_NODISCARD bool random_shape(const char *what, ct_ints asked, int64_t n,
                               const ct_array *parameters, dimlist *shape);
#endif
