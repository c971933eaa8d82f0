/* Keys: making, wrapping, splitting and folding them, and drawing raw bits. uniform.c turns bits
 * into floats. */
#include "random/random.h"

#include "api/bodies.h"
#include "kernel/kernel.h"
#include "ops/generators.h"

static bool is_key(ct_array a) { return dtype_is(dtype_of(a), FAMILY_KEY); }

_Atomic ct_dtype random_default = CT_KEY_THREEFRY;
_Atomic int random_raw_keys = RAW_KEYS_ALLOWED;
_Atomic bool random_typed_keys;

static bool raw_keys_allowed(void)
{
    static const char message[] =
        "Legacy uint32 key array passed as key to jax.random function. Please create keys using "
        "jax.random.key(). If use of a raw key array was intended, set "
        "jax_legacy_prng_key=\"allow\".";
    if (random_raw_keys == RAW_KEYS_REFUSED)
        return base_fail(CT_VALUE_ERROR, "%s", message), false;
    return random_raw_keys == RAW_KEYS_ALLOWED || !base_warn || base_warn(message);
}

static ct_array wrap(ct_array raw, ct_dtype keys)
{
    if (core_current || !is_array(raw) || core_checks.keys)
        return op_random_wrap(raw, keys);
    return array_view(raw, keys, false, raw->aval.ndim - 1, raw->aval.shape);
}

/* A typed key or array of keys; raw words are keys of the dtype. */
static bool keys_given(const char *what, ct_array given, ct_dtype dtype, ct_array *keys, bool *raw)
{
    int words = generator_of(dtype)->words;
    *raw = false;
    if (is_key(given)) {
        *keys = given;
        return true;
    }
    if (dtype_of(given) != CT_UINT32 || !given->aval.ndim ||
        given->aval.shape[given->aval.ndim - 1] != words) {
        text t = {0};
        aval_text(&t, &given->aval, false);
        char *type = text_end(&t);
        base_fail(
            CT_TYPE_ERROR,
            "%s: JAX encodes keys as typed keys, jax.random.key(seed), or as uint32[%d]; got %s",
            what, words, type ? type : "?");
        base_free(type);
        return false;
    }
    *raw = true;
    *keys = wrap(given, dtype);
    return !is_poison(*keys);
}

bool random_key_given(const char *what, ct_array given, ct_array *key, bool *raw)
{
    if (!keys_given(what, given, random_default, key, raw) || (*raw && !raw_keys_allowed()))
        return false;
    if (!(*key)->aval.ndim)
        return true;
    base_fail(CT_VALUE_ERROR,
              "%s accepts a single key, but was given a key array of shape %s != (). Use jax.vmap "
              "for batching.",
              what, dims_string(shape_of(given)));
    return false;
}

ct_array random_one_key(const char *what, ct_array given)
{
    ct_array key;
    bool raw;
    return random_key_given(what, given, &key, &raw) ? key : array_poison;
}

bool random_key_known(ct_array key, uint32_t words[2])
{
    if (core_current || core_checks.keys || generators_in_halves || !is_array(key) ||
        dtype_of(key) != CT_KEY_THREEFRY)
        return false;
    memcpy(words, key->data, 2 * sizeof *words);
    return true;
}

static uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

void random_block(const uint32_t key[2], uint32_t high, uint32_t low, uint32_t out[2])
{
    static const uint8_t turns[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
    const uint32_t ks[3] = {key[0], key[1], key[0] ^ key[1] ^ 0x1bd11bdau};
    uint32_t a = high + ks[0], b = low + ks[1];
    for (uint32_t round = 0; round < 5; round++) {
        for (int i = 0; i < 4; i++) {
            a += b;
            b = rotate(b, turns[round % 2][i]) ^ a;
        }
        a += ks[(round + 1) % 3];
        b += ks[(round + 2) % 3] + round + 1;
    }
    out[0] = a;
    out[1] = b;
}

static ct_array split_keys(ct_array key, ct_ints shape)
{
    uint32_t words[2];
    int64_t n = shape_size(shape.n, shape.at);
    if (!random_key_known(key, words) || n > 256)
        return op_random_split(key, shape);
    ct_array out = array_new(CT_KEY_THREEFRY, false, shape.n, shape.at);
    if (!is_poison(out))
        for (int64_t i = 0; i < n; i++)
            random_block(words, 0, (uint32_t)i, (uint32_t *)out->data + 2 * i);
    return out;
}

void random_split_keys(ct_array key, int64_t n, ct_array *out)
{
    uint32_t words[2];
    if (random_key_known(key, words)) {
        for (int64_t i = 0; i < n; i++)
            if (!is_poison(out[i] = array_new(CT_KEY_THREEFRY, false, 0, NULL)))
                random_block(words, 0, (uint32_t)i, out[i]->data);
        return;
    }
    ct_array keys = split_keys(key, I(n));
    for (int64_t i = 0; i < n; i++)
        out[i] = is_poison(keys) ? keys : op_squeeze(op_slice(keys, I(i), I(i + 1), I(1)), I(0));
}

ct_array random_bits_drawn(ct_array key, int64_t bit_width, ct_ints shape)
{
    uint32_t words[2];
    if (!random_key_known(key, words))
        return op_random_bits(key, bit_width, shape);
    ct_dtype dtype = bit_width == 8    ? CT_UINT8
                     : bit_width == 16 ? CT_UINT16
                     : bit_width == 32 ? CT_UINT32
                                       : CT_UINT64;
    ct_array out = array_new(dtype, false, shape.n, shape.at);
    if (!is_poison(out))
        kernel_threefry_bits(words, 0, out->size, (int)bit_width, out->data);
    return out;
}

/* ---- the functions of jax.random ---- */

/* The key dtype of a generator's name or, without one, as asked for or as jax_default_prng_impl
 * says. */
static bool known_impl(const char *what, const char *impl, ct_dtype asked, ct_dtype *keys)
{
    if (impl && asked != CT_NO_DTYPE) {
        base_fail(CT_VALUE_ERROR, "%s: give impl or dtype, not both", what);
        return false;
    }
    *keys = impl ? generator_named(impl) : asked != CT_NO_DTYPE ? asked : random_default;
    if (generator_of(*keys))
        return true;
    if (!impl)
        base_fail(CT_TYPE_ERROR, "%s: %s is no dtype of keys", what, ct_dtype_name(*keys));
    else
        base_fail(CT_VALUE_ERROR,
                  "%s: unrecognized PRNG implementation \"%s\". Did you mean one of: rbg, "
                  "threefry2x32, unsafe_rbg?",
                  what, impl);
    return false;
}

static ct_array seed_key(const char *what, ct_array seed, ct_dtype keys)
{
    if (is_key(seed))
        return ct_fail(CT_TYPE_ERROR, "%s accepts a scalar seed, but was given a PRNG key.", what);
    if (seed->aval.ndim)
        return ct_fail(CT_TYPE_ERROR,
                       "%s accepts a scalar seed, but was given an array of shape %s != (). Use "
                       "jax.vmap for batching",
                       what, dims_string(shape_of(seed)));
    if (!dtype_is(dtype_of(seed), FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_TYPE_ERROR, "PRNG key seed must be an integer; got dtype %s",
                       ct_dtype_name(dtype_of(seed)));
    if (core_current || !is_array(seed))
        return op_random_seed(seed, keys);
    ct_array key = array_new(keys, false, 0, NULL);
    if (!is_poison(key))
        generator_of(keys)->seed((uint64_t)array_get_int(seed, 0),
                                 dtype_table[seed->aval.dtype].bits == 64, key->data);
    return key;
}

ct_array random_key(const ct_random_key_args *a)
{
    ct_dtype keys;
    return known_impl("key", a->impl, a->dtype, &keys) ? seed_key("key", a->seed, keys)
                                                       : array_poison;
}

static ct_array raw_of(ct_array key)
{
    if (core_current || !is_array(key) || is_poison(key))
        return op_random_unwrap(key);
    dimlist shape;
    if (!dimlist_copy(&shape, "key_data", shape_of(key)))
        return array_poison;
    shape.at[shape.n++] = generator_of(dtype_of(key))->words;
    return array_view(key, CT_UINT32, false, shape.n, shape.at);
}

static ct_array as_given(ct_array key, bool raw)
{
    return raw && !is_poison(key) ? raw_of(key) : key;
}

ct_array random_PRNGKey(const ct_random_PRNGKey_args *a)
{
    ct_dtype keys;
    return known_impl("PRNGKey", a->impl, CT_NO_DTYPE, &keys)
               ? as_given(seed_key("PRNGKey", a->seed, keys), !random_typed_keys)
               : array_poison;
}

ct_array random_key_data(ct_array keys)
{
    bool raw;
    bool good = keys_given("key_data", keys, random_default, &keys, &raw);
    return good && (!raw || raw_keys_allowed()) ? raw_of(keys) : array_poison;
}

ct_array random_wrap_key_data(const ct_random_wrap_key_data_args *a)
{
    ct_array keys = a->key_bits_array;
    ct_dtype dtype;
    bool raw;
    if (!known_impl("wrap_key_data", a->impl, a->dtype, &dtype))
        return array_poison;
    if (is_key(keys))
        return ct_fail(CT_TYPE_ERROR,
                       "wrap_key_data takes the raw words of keys, but was given keys");
    return keys_given("wrap_key_data", keys, dtype, &keys, &raw) ? keys : array_poison;
}

ct_array random_split(const ct_random_split_args *a)
{
    ct_array key;
    bool raw;
    if (!random_key_given("split", a->key, &key, &raw))
        return array_poison;
    return as_given(split_keys(key, a->num), raw);
}

ct_array random_fold_in(ct_array given, ct_array data)
{
    ct_array key;
    bool raw;
    if (!random_key_given("fold_in", given, &key, &raw))
        return array_poison;
    if (data->aval.ndim)
        return ct_fail(CT_TYPE_ERROR,
                       "fold_in accepts a scalar, but was given an array of shape %s != (). Use "
                       "jax.vmap for batching.",
                       dims_string(shape_of(data)));
    uint32_t words[2];
    if (random_key_known(key, words) && is_array(data)) {
        ct_array out = array_new(CT_KEY_THREEFRY, false, 0, NULL);
        if (!is_poison(out))
            random_block(words, 0, (uint32_t)array_get_int(data, 0), out->data);
        return as_given(out, raw);
    }
    return as_given(op_random_fold_in(key, op_convert(data, CT_UINT32, false)), raw);
}

ct_array random_clone(ct_array key) { return op_random_clone(key); }

ct_array random_bits(const ct_random_bits_args *a)
{
    ct_array key;
    bool raw;
    ct_dtype dtype = numpy_dtype(a->dtype, array_x64 ? CT_UINT64 : CT_UINT32);
    if (!random_key_given("bits", a->key, &key, &raw))
        return array_poison;
    if (!dtype_is(dtype, FAMILY_UINT) || dtype_table[dtype].bits < 8)
        return ct_fail(CT_VALUE_ERROR,
                       "dtype argument to `bits` must be an unsigned int dtype, got %s",
                       ct_dtype_name(dtype));
    return random_bits_drawn(key, dtype_table[dtype].bits, a->shape);
}
