/* What XLA calls RngBitGenerator and RngUniform: bits from a state that is words, and numbers that
 * are random with no state at all. The generators of keys are in generators.c. */
#include <time.h>

#include "ops/generators.h"
#include "ops/rules.h"

enum { THREE_FRY = 1 }; /* of RandomAlgorithm; the others are Philox */
enum { PAIRS = 256 };

/* ---- rng_bit_generator ---- */

static bool is_word(ct_dtype d)
{
    return d == CT_UINT8 || d == CT_UINT16 || d == CT_UINT32 || d == CT_UINT64;
}

static bool is_shape(const op *o, ct_ints shape)
{
    for (int64_t i = 0; i < shape.n; i++)
        if (shape.at[i] < 0)
            return base_fail(CT_VALUE_ERROR, "%s: shapes must not be negative, got %s", o->name,
                             INTS(shape)),
                   false;
    return true;
}

static bool abstract_generator(const op *o, const void *params, int nin, const aval *in, int *nout,
                               aval *out, arena *a)
{
    const params_rng_bit_generator *p = params;
    (void)nin, (void)a;
    bool words = (in->dtype == CT_UINT32 && shape_size(in->ndim, in->shape) == 4) ||
                 (in->dtype == CT_UINT64 && shape_size(in->ndim, in->shape) == 2);
    if (in->ndim != 1 || !words)
        return base_fail(CT_TYPE_ERROR, "%s: the state must be uint32[4] or uint64[2], got %s%s",
                         o->name, DTYPE(in), SHAPE(in)),
               false;
    if (!is_word(p->dtype))
        return base_fail(CT_TYPE_ERROR, "%s: unsupported dtype %s", o->name,
                         p->dtype == CT_NO_DTYPE ? "None" : dtype_table[p->dtype].name),
               false;
    if (!is_shape(o, p->shape))
        return false;
    if (!gives_results(o, nout, 2))
        return false;
    out[0] = *in;
    out[1] = (aval){(uint8_t)p->dtype, false, (int32_t)p->shape.n, p->shape.at};
    return true;
}

static void store_word(void *out, int64_t i, ct_dtype dtype, uint32_t word)
{
    if (dtype == CT_UINT8)
        ((uint8_t *)out)[i] = (uint8_t)word;
    else if (dtype == CT_UINT16)
        ((uint16_t *)out)[i] = (uint16_t)word;
    else
        ((uint32_t *)out)[i] = word;
}

/* The hash of the counter state[2:] under the key state[:2], for `n` counters from `first` on. */
static void hash(const uint32_t *state, uint64_t first, int64_t n, uint32_t *y0, uint32_t *y1)
{
    uint32_t low[PAIRS], high[PAIRS];
    uint64_t start = ((uint64_t)state[3] << 32 | state[2]) + first;
    for (int64_t i = 0; i < n; i++)
        low[i] = (uint32_t)(start + (uint64_t)i), high[i] = (uint32_t)((start + (uint64_t)i) >> 32);
    kernel_threefry(n, state, state + 1, 0, low, high, y0, y1);
}

/* A hash gives two words. They are neighbours along the first dimension of even size, or else along
 * the first one, whose last element then has one to itself. How many hashes. */
static int64_t threefry_words(const uint32_t *state, const operand *out)
{
    const aval *x = &out->aval;
    ct_dtype dtype = (ct_dtype)x->dtype;
    int d = 0;
    while (d < x->ndim && x->shape[d] % 2)
        d++;
    d = d == x->ndim ? 0 : d;
    int64_t size = x->ndim ? x->shape[d] : 1,
            inner = x->ndim ? shape_size(x->ndim - d - 1, x->shape + d + 1) : 1,
            outer = shape_size(d, x->shape), half = (size + 1) / 2, blocks = outer * half * inner;
    uint32_t y[2][PAIRS];
    for (int64_t done = 0; done < blocks; done += PAIRS) {
        int64_t n = blocks - done < PAIRS ? blocks - done : PAIRS;
        hash(state, (uint64_t)done, n, y[0], y[1]);
        for (int64_t i = 0; i < n; i++) {
            int64_t at = done + i, j = at / inner % half, row = at / inner / half * size + 2 * j;
            for (int64_t k = 0; k < 2 && 2 * j + k < size; k++)
                store_word(out->data, (row + k) * inner + at % inner, dtype, y[k][i]);
        }
    }
    return blocks;
}

static int64_t threefry_pairs(const uint32_t *state, int64_t n, uint64_t *out)
{
    uint32_t y0[PAIRS], y1[PAIRS];
    for (int64_t done = 0; done < n; done += PAIRS) {
        int64_t count = n - done < PAIRS ? n - done : PAIRS;
        hash(state, (uint64_t)done, count, y0, y1);
        for (int64_t i = 0; i < count; i++)
            out[done + i] = (uint64_t)y1[i] << 32 | y0[i];
    }
    return n;
}

static int64_t draw(const params_rng_bit_generator *p, const uint32_t *state, const operand *out)
{
    int64_t n = shape_size(out->aval.ndim, out->aval.shape);
    bool wide = p->dtype == CT_UINT64;
    if (n && p->algorithm == THREE_FRY)
        return wide ? threefry_pairs(state, n, out->data) : threefry_words(state, out);
    generator_of(CT_KEY_RBG)->bits(state, 1, n, (int)dtype_table[p->dtype].bits, out->data);
    return ((wide ? 2 * n : n) + 3) / 4; /* blocks of four words */
}

static ct_status kernel_generator(const op *o, const void *params, int nin, const operand *in,
                                  int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    uint32_t state[4];
    memcpy(state, in[0].data, sizeof state);
    uint64_t counter = ((uint64_t)state[3] << 32 | state[2]),
             used = (uint64_t)draw(params, state, &out[1]),
             key = (uint64_t)state[1] << 32 | state[0];
    const params_rng_bit_generator *p = params;
    if (p->algorithm != THREE_FRY) /* its counter has 128 bits */
        key += counter + used < counter;
    counter += used;
    uint32_t after[4] = {(uint32_t)key, (uint32_t)(key >> 32), (uint32_t)counter,
                         (uint32_t)(counter >> 32)};
    memcpy(out[0].data, after, sizeof after);
    return CT_OK;
}

/* The first state draws for all, and it alone moves on. */
static bool vmap_generator(const op *o, const void *params, batch b, int nin, const ct_array *in,
                           const int *dims, int nout, ct_array *out, int *out_dims)
{
    params_rng_bit_generator p = *(const params_rng_bit_generator *)params;
    (void)nin;
    ct_array states = batch_front(in[0], dims[0], b.size);
    if (is_poison(states))
        return false;
    int64_t words = states->aval.shape[1];
    ct_array first = op_reshape(op_slice(states, I(0, 0), I(1, words), I(1, 1)), I(words));
    int_list shape = ints_insert(p.shape, 0, b.size);
    p.shape = ints_of(&shape);
    core_bind(o, &p, 1, &first, nout, out);
    if (is_poison(out[0]))
        return false;
    ct_array others = op_slice(states, I(1, 0), I(b.size, words), I(1, 1));
    out[0] = op_concatenate(2, (ct_array[]){op_reshape(out[0], I(1, words)), others}, 0);
    out_dims[0] = out_dims[1] = 0;
    return !is_poison(out[0]);
}

const op op_row_rng_bit_generator = {
    .name = "rng_bit_generator",
    .flags = OP_MULTIPLE,
    .code = OP_rng_bit_generator,
    .operands = 1,
    .fields = fields_rng_bit_generator,
    .nfields = nfields_rng_bit_generator,
    .params_size = sizeof(params_rng_bit_generator),
    .abstract = abstract_generator,
    .kernel = kernel_generator,
    .jvp = zero_jvp,
    .vmap = vmap_generator,
};

void op_rng_bit_generator(ct_array state, const params_rng_bit_generator *p, ct_array out[2])
{
    core_bind(&op_row_rng_bit_generator, p, 1, &state, 2, out);
}

/* ---- rng_uniform: other numbers at each run ---- */

static bool abstract_uniform(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    const params_rng_uniform *p = params;
    (void)nin, (void)a;
    if (in[0].dtype != in[1].dtype)
        return base_fail(CT_VALUE_ERROR,
                         "Arguments to %s must have identical dtypes, got %s and %s.", o->name,
                         DTYPE(&in[0]), DTYPE(&in[1])),
               false;
    if (in[0].ndim || in[1].ndim)
        return base_fail(CT_VALUE_ERROR, "Arguments to %s must be scalars; got shapes %s and %s.",
                         o->name, SHAPE(&in[0]), SHAPE(&in[1])),
               false;
    if (!dtype_is((ct_dtype)in[0].dtype, REAL | FAMILY_BOOL))
        return base_fail(CT_TYPE_ERROR, "%s does not accept dtype %s", o->name, DTYPE(&in[0])),
               false;
    if (!is_shape(o, p->shape))
        return false;
    *nout = 1;
    bool weak = in[0].weak && in[1].weak;
    out[0] = (aval){in[0].dtype, weak, (int32_t)p->shape.n, p->shape.at};
    return true;
}

/* A state for each run of each program: the clock's, then one more. */
static void next_state(uint32_t state[4])
{
    static uint64_t runs;
    uint64_t run = __atomic_add_fetch(&runs, 1, __ATOMIC_RELAXED);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    state[0] = (uint32_t)now.tv_nsec, state[1] = (uint32_t)now.tv_sec;
    state[2] = (uint32_t)run, state[3] = (uint32_t)(run >> 32);
    generator_of(CT_KEY_RBG)->bits(state, 1, 2, 32, state);
    state[2] = state[3] = 0;
}

static ct_status kernel_uniform(const op *o, const void *params, int nin, const operand *in,
                                int nout, operand *out)
{
    (void)o, (void)params, (void)nin, (void)nout;
    ct_dtype dtype = (ct_dtype)out->aval.dtype,
             wide = dtype_is(dtype, FLOATING) ? CT_FLOAT64 : CT_INT64;
    int64_t n = shape_size(out->aval.ndim, out->aval.shape), step = 1;
    uint32_t state[4];
    double low, high;
    int64_t first, limit;
    void *ends[2] = {wide == CT_INT64 ? (void *)&first : &low,
                     wide == CT_INT64 ? (void *)&limit : &high};
    for (int i = 0; i < 2; i++)
        kernel_convert(dtype, wide)(1, ends[i], (const void *[]){in[i].data}, &step);
    uint64_t *bits = array_memory((size_t)(n + 1) * sizeof *bits);
    if (!bits)
        return CT_OUT_OF_MEMORY_ERROR;
    next_state(state);
    generator_of(CT_KEY_RBG)->bits(state, 1, n, 64, bits);
    if (wide == CT_FLOAT64)
        for (int64_t i = 0; i < n; i++)
            ((double *)(void *)bits)[i] = low + (high - low) * ((double)(bits[i] >> 40) * 0x1p-24);
    else
        for (int64_t i = 0; i < n; i++)
            bits[i] = (uint64_t)first +
                      (limit > first ? bits[i] % ((uint64_t)limit - (uint64_t)first) : 0);
    kernel_convert(wide, dtype)(n, out->data, (const void *[]){bits}, &step);
    array_memory_free(bits, (size_t)(n + 1) * sizeof *bits);
    return CT_OK;
}

const op op_row_rng_uniform = {
    .name = "rng_uniform",
    .flags = OP_HOST, /* two of them are two draws */
    .code = OP_rng_uniform,
    .operands = 2,
    .fields = fields_rng_uniform,
    .nfields = nfields_rng_uniform,
    .params_size = sizeof(params_rng_uniform),
    .abstract = abstract_uniform,
    .kernel = kernel_uniform,
};

ct_array op_rng_uniform(ct_array low, ct_array high, ct_ints shape)
{
    return core_bind1(&op_row_rng_uniform, &(params_rng_uniform){shape}, 2,
                      (ct_array[]){low, high});
}
