/* Random keys and bits: the operations on keys, whose generators are in generators.c, and the
 * threefry2x32 hash itself (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). The
 * samplers are in src/random. */
#include "kernel/kernel.h"
#include "ops/generators.h"
#include "ops/rules.h"

enum { CHUNK = 256 };

/* ---- shared by the operations on keys ---- */

static const generator *generator_for(const aval *keys)
{
    return generator_of((ct_dtype)keys->dtype);
}

static bool need_keys(const op *o, const aval *keys)
{
    if (generator_for(keys))
        return true;
    base_fail(CT_TYPE_ERROR, "%s takes key array operand, got keys.dtype=%s", o->name, DTYPE(keys));
    return false;
}

/* The key dtype that a row's parameter names. */
static bool named_keys(const op *o, const void *params, ct_dtype *dtype)
{
    const char *impl = ((const params_key *)params)->impl;
    if ((*dtype = generator_named(impl)) != CT_NO_DTYPE)
        return true;
    base_fail(CT_VALUE_ERROR, "%s: no generator of random bits is called %s", o->name, impl);
    return false;
}

/* The shape of keys with more axes behind it. */
static bool extended(const aval *keys, ct_ints more, ct_dtype dtype, aval *out, arena *a)
{
    int64_t *shape = arena_alloc(a, (size_t)(keys->ndim + more.n + 1) * sizeof *shape);
    if (!shape)
        return false;
    for (int64_t i = 0; i < keys->ndim; i++)
        shape[i] = keys->shape[i];
    for (int64_t i = 0; i < more.n; i++)
        shape[keys->ndim + i] = more.at[i];
    *out = (aval){(uint8_t)dtype, false, (int32_t)(keys->ndim + more.n), shape};
    return true;
}

static bool check_shape(const op *o, ct_ints shape)
{
    for (int64_t i = 0; i < shape.n; i++)
        if (shape.at[i] < 0) {
            base_fail(CT_VALUE_ERROR, "%s: shapes must not be negative, got %s", o->name,
                      INTS(shape));
            return false;
        }
    return true;
}

/* ---- random_seed ---- */

static bool abstract_seed(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)nin, (void)a;
    ct_dtype keys;
    if (!named_keys(o, params, &keys))
        return false;
    if (!dtype_is((ct_dtype)in[0].dtype, INTEGER)) {
        base_fail(CT_TYPE_ERROR, "PRNG key seed must be an integer; got %s%s", DTYPE(&in[0]),
                  SHAPE(&in[0]));
        return false;
    }
    *nout = 1;
    out[0] = in[0];
    out[0].dtype = (uint8_t)keys;
    out[0].weak = false;
    return true;
}

static ct_status kernel_seed(const op *o, const void *params, int nin, const operand *in, int nout,
                             operand *out)
{
    (void)o, (void)params, (void)nin, (void)nout;
    ct_dtype dtype = (ct_dtype)in[0].aval.dtype;
    int64_t n = shape_size(in[0].aval.ndim, in[0].aval.shape), step = 1;
    const generator *g = generator_for(&out->aval);
    bool wide = dtype_table[dtype].itemsize == 8;
    ct_dtype as = dtype_is(dtype, FAMILY_INT) ? CT_INT64 : CT_UINT64;
    for (int64_t i = 0; i < n; i++) {
        const void *seed = (const char *)in[0].data + (size_t)i * dtype_table[dtype].itemsize;
        uint64_t value;
        kernel_convert(dtype, as)(1, &value, &seed, &step);
        g->seed(value, wide, (uint32_t *)out->data + i * g->words);
    }
    return CT_OK;
}

/* ---- random_split ---- */

static bool abstract_split(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)nin;
    *nout = 1;
    ct_ints shape = ((const params_random_split *)params)->shape;
    return need_keys(o, &in[0]) && check_shape(o, shape) &&
           extended(&in[0], shape, (ct_dtype)in[0].dtype, out, a);
}

static ct_status kernel_split(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    (void)o, (void)nin, (void)nout;
    ct_ints shape = ((const params_random_split *)params)->shape;
    int64_t keys = shape_size(in[0].aval.ndim, in[0].aval.shape),
            each = shape_size(shape.n, shape.at);
    generator_for(&in[0].aval)->split(in[0].data, keys, each, out->data);
    return CT_OK;
}

/* ---- random_fold_in: the hash of the message's own key ---- */

static bool abstract_fold_in(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    (void)params;
    if (!need_keys(o, &in[0]))
        return false;
    if (in[1].dtype != CT_UINT32) {
        base_fail(CT_TYPE_ERROR, "random_fold_in takes messages of dtype uint32, got %s",
                  DTYPE(&in[1]));
        return false;
    }
    *nout = 1;
    if (!families_broadcast(o, nin, in, out, a))
        return false;
    out[0].dtype = in[0].dtype;
    out[0].weak = false;
    return true;
}

/* Byte strides of x seen in the shape of out: zero where it broadcasts. */
static int_list broadcast_strides(const aval *x, const aval *out)
{
    int_list strides = byte_strides(x);
    for (int d = 0; d < out->ndim; d++)
        if (!x->ndim || x->shape[d] != out->shape[d])
            strides.at[d] = 0;
    strides.n = out->ndim;
    return strides;
}

static const void *element_at(const operand *x, const int_list *strides, const aval *out,
                              int64_t index)
{
    int64_t offset = 0;
    for (int d = out->ndim - 1; d >= 0; d--) {
        offset += index % out->shape[d] * strides->at[d];
        index /= out->shape[d];
    }
    return (const char *)x->data + offset;
}

static ct_status kernel_fold_in(const op *o, const void *params, int nin, const operand *in,
                                int nout, operand *out)
{
    (void)o, (void)params, (void)nin, (void)nout;
    int64_t n = shape_size(out->aval.ndim, out->aval.shape);
    int_list key_strides = broadcast_strides(&in[0].aval, &out->aval),
             message_strides = broadcast_strides(&in[1].aval, &out->aval);
    const generator *g = generator_for(&in[0].aval);
    bool several = shape_size(in[1].aval.ndim, in[1].aval.shape) != 1;
    const uint32_t *first = in[1].data;
    for (int64_t i = 0; i < n; i++) {
        const uint32_t *key = element_at(&in[0], &key_strides, &out->aval, i),
                       *message = element_at(&in[1], &message_strides, &out->aval, i);
        g->fold_in(key, *message, *first, several ? i : 0, (uint32_t *)out->data + i * g->words);
    }
    return CT_OK;
}

/* ---- random_bits ---- */

static bool abstract_bits(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)nin;
    const params_random_bits *p = params;
    if (p->bit_width != 8 && p->bit_width != 16 && p->bit_width != 32 && p->bit_width != 64) {
        base_fail(CT_TYPE_ERROR, "requires 8-, 16-, 32- or 64-bit field width, got %lld.",
                  (long long)p->bit_width);
        return false;
    }
    ct_dtype dtype = p->bit_width == 8    ? CT_UINT8
                     : p->bit_width == 16 ? CT_UINT16
                     : p->bit_width == 32 ? CT_UINT32
                                          : CT_UINT64;
    *nout = 1;
    return need_keys(o, &in[0]) && check_shape(o, p->shape) &&
           extended(&in[0], p->shape, dtype, out, a);
}

static ct_status kernel_bits(const op *o, const void *params, int nin, const operand *in, int nout,
                             operand *out)
{
    (void)o, (void)nin, (void)nout;
    const params_random_bits *p = params;
    int64_t keys = shape_size(in[0].aval.ndim, in[0].aval.shape),
            each = shape_size(p->shape.n, p->shape.at);
    generator_for(&in[0].aval)->bits(in[0].data, keys, each, (int)p->bit_width, out->data);
    return CT_OK;
}

/* ---- random_wrap, random_unwrap, random_clone: the same words under another type ---- */

static bool abstract_wrap(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)nin, (void)a;
    ct_dtype keys;
    if (!named_keys(o, params, &keys))
        return false;
    if (in[0].dtype != CT_UINT32) {
        base_fail(
            CT_TYPE_ERROR,
            "JAX encountered invalid PRNG key data: expected key_data.dtype = uint32; got dtype=%s",
            DTYPE(&in[0]));
        return false;
    }
    const generator *g = generator_of(keys);
    if (in[0].ndim < 1 || in[0].shape[in[0].ndim - 1] != g->words) {
        base_fail(CT_TYPE_ERROR,
                  "JAX encountered invalid PRNG key data: expected key_data.shape to end with "
                  "(%d,); got shape=%s for impl=%s",
                  g->words, SHAPE(&in[0]), g->name);
        return false;
    }
    *nout = 1;
    out[0] = (aval){(uint8_t)keys, false, in[0].ndim - 1, in[0].shape};
    return true;
}

static bool abstract_unwrap(const op *o, const void *params, int nin, const aval *in, int *nout,
                            aval *out, arena *a)
{
    (void)params, (void)nin;
    *nout = 1;
    return need_keys(o, &in[0]) &&
           extended(&in[0], I(generator_for(&in[0])->words), CT_UINT32, out, a);
}

/* Anything: raw words are keys too. */
static bool abstract_clone(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)o, (void)params, (void)nin, (void)a;
    *nout = 1;
    out[0] = in[0];
    return true;
}

static ct_status kernel_words(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    (void)o, (void)params, (void)nin, (void)nout;
    size_t bytes =
        (size_t)shape_size(out->aval.ndim, out->aval.shape) * dtype_table[out->aval.dtype].itemsize;
    if (bytes)
        memcpy(out->data, in[0].data, bytes);
    return CT_OK;
}

static bool vmap_wrap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                      const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)nin, (void)nout;
    ct_array front = batch_front(in[0], dims[0], b.size);
    out[0] = core_bind1(o, params, 1, &front);
    out_dims[0] = 0;
    return !is_poison(out[0]);
}

/* ---- threefry2x32 ---- */

static bool abstract_threefry(const op *o, const void *params, int nin, const aval *in, int *nout,
                              aval *out, arena *a)
{
    (void)params;
    for (int i = 0; i < nin; i++)
        if (in[i].dtype != CT_UINT32) {
            base_fail(CT_TYPE_ERROR,
                      "Arguments to threefry2x32 must have uint32 type, got %s at position %d",
                      DTYPE(&in[i]), i);
            return false;
        }
    if (!gives_results(o, nout, 2) || !families_broadcast(o, nin, in, out, a))
        return false;
    out[0].dtype = CT_UINT32;
    out[0].weak = false;
    out[1] = out[0];
    return true;
}

static ct_status kernel_hash(const op *o, const void *params, int nin, const operand *in, int nout,
                             operand *out)
{
    (void)o, (void)params, (void)nin, (void)nout;
    int64_t n = shape_size(out[0].aval.ndim, out[0].aval.shape);
    uint32_t *y0 = out[0].data, *y1 = out[1].data;
    bool whole = !in[0].aval.ndim && !in[1].aval.ndim &&
                 aval_equal(&in[2].aval, &out[0].aval, false) &&
                 aval_equal(&in[3].aval, &out[0].aval, false);
    if (whole) {
        kernel_threefry(n, in[0].data, in[1].data, 0, in[2].data, in[3].data, y0, y1);
        return CT_OK;
    }
    int_list strides[4];
    uint32_t words[4][CHUNK];
    for (int k = 0; k < 4; k++)
        strides[k] = broadcast_strides(&in[k].aval, &out[0].aval);
    for (int64_t done = 0; done < n; done += CHUNK) {
        int64_t count = n - done < CHUNK ? n - done : CHUNK;
        for (int k = 0; k < 4; k++)
            for (int64_t i = 0; i < count; i++)
                words[k][i] =
                    *(const uint32_t *)element_at(&in[k], &strides[k], &out[0].aval, done + i);
        kernel_threefry(count, words[0], words[1], 1, words[2], words[3], y0 + done, y1 + done);
    }
    return CT_OK;
}

/* Mapped axes to the front; axes of size one behind them so that all operands keep one rank. */
static ct_array front_with_rank(ct_array x, int dim, int64_t ndim)
{
    if (is_poison(x) || (dim == NOT_MAPPED && !x->aval.ndim))
        return x;
    ct_array front = dim == NOT_MAPPED ? op_expand_dims(x, I(0)) : op_moveaxis(x, dim, 0);
    if (is_poison(front) || front->aval.ndim == ndim)
        return front;
    int_list shape = {.n = ndim};
    for (int64_t i = 0; i < ndim; i++)
        shape.at[i] = i == 0 ? front->aval.shape[0] : 1;
    return op_reshape(front, ints_of(&shape));
}

static bool vmap_threefry(const op *o, const void *params, batch b, int nin, const ct_array *in,
                          const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b;
    ct_array moved[4];
    int64_t ndim = 0;
    for (int i = 0; i < nin; i++) {
        int64_t n = in[i]->aval.ndim + (dims[i] == NOT_MAPPED && in[i]->aval.ndim);
        ndim = n > ndim ? n : ndim;
    }
    for (int i = 0; i < nin; i++)
        moved[i] = front_with_rank(in[i], dims[i], ndim);
    core_bind(o, params, nin, moved, nout, out);
    out_dims[0] = out_dims[1] = 0;
    return !is_poison(out[0]);
}

/* ---- the rows ---- */

#define RANDOM(row, count, rule, evaluate, batching, ...)                                          \
    const op op_row_##row = {.name = #row,                                                         \
                             .code = OP_##row,                                                     \
                             .operands = count,                                                    \
                             .abstract = rule,                                                     \
                             .kernel = evaluate,                                                   \
                             .jvp = zero_jvp,                                                      \
                             .vmap = batching,                                                     \
                             __VA_ARGS__};
#define FIELDS(owner)                                                                              \
    .fields = fields_##owner, .nfields = nfields_##owner, .params_size = sizeof(params_##owner)
RANDOM(random_seed, 1, abstract_seed, kernel_seed, same_dim_vmap, FIELDS(key))
RANDOM(random_split, 1, abstract_split, kernel_split, same_dim_vmap, FIELDS(random_split))
RANDOM(random_fold_in, 2, abstract_fold_in, kernel_fold_in, families_vmap, .flags = 0)
RANDOM(random_bits, 1, abstract_bits, kernel_bits, same_dim_vmap, FIELDS(random_bits))
RANDOM(random_wrap, 1, abstract_wrap, kernel_words, vmap_wrap, FIELDS(key))
RANDOM(random_unwrap, 1, abstract_unwrap, kernel_words, same_dim_vmap, .flags = 0)
RANDOM(random_clone, 1, abstract_clone, kernel_words, same_dim_vmap, .flags = 0)
RANDOM(threefry2x32, 4, abstract_threefry, kernel_hash, vmap_threefry, .flags = OP_MULTIPLE)

ct_array op_random_seed(ct_array seeds, ct_dtype keys)
{
    return core_bind1(&op_row_random_seed, &(params_key){generator_of(keys)->tag}, 1, &seeds);
}
ct_array op_random_split(ct_array keys, ct_ints shape)
{
    return core_bind1(&op_row_random_split, &(params_random_split){shape}, 1, &keys);
}
ct_array op_random_fold_in(ct_array keys, ct_array messages)
{
    return core_bind1(&op_row_random_fold_in, NULL, 2, (ct_array[]){keys, messages});
}
ct_array op_random_bits(ct_array keys, int64_t bit_width, ct_ints shape)
{
    return core_bind1(&op_row_random_bits, &(params_random_bits){bit_width, shape}, 1, &keys);
}
ct_array op_random_wrap(ct_array data, ct_dtype keys)
{
    return core_bind1(&op_row_random_wrap, &(params_key){generator_of(keys)->tag}, 1, &data);
}
ct_array op_random_unwrap(ct_array keys)
{
    return core_bind1(&op_row_random_unwrap, NULL, 1, &keys);
}
ct_array op_random_clone(ct_array keys) { return core_bind1(&op_row_random_clone, NULL, 1, &keys); }
void op_threefry2x32(ct_array k1, ct_array k2, ct_array x1, ct_array x2, ct_array out[2])
{
    core_bind(&op_row_threefry2x32, NULL, 4, (ct_array[]){k1, k2, x1, x2}, 2, out);
}
