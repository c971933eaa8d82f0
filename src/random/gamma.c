/* Gamma draws, and the samplers made of them: beta, dirichlet, t, chisquare, f, generalized_normal.
 *
 * Marsaglia and Tsang's rejection method, one key an element. As one operation, since each element
 * loops as long as it likes. */
#define OPS_SHORT_NAMES
#include "random/random.h"

#include <float.h>
#include <math.h>

#include "kernel/kernel.h"
#include "ops/generators.h"
#include "ops/rules.h"

/* ---- one draw: scalars through the same loops as arrays, so that the logarithms agree ---- */

typedef struct functions {
    const generator *g;
    kernel_map *log, *log1p, *erf_inv, *pow;
    bool halves; /* threefry counts in halves (generators_in_halves) */
} functions;

typedef struct word_key {
    uint32_t at[GENERATOR_MOST_WORDS];
} word_key;

/* Word j of n keys that are split off by counting in halves. */
static uint32_t halved_word(const uint32_t *key, uint32_t n, uint32_t j)
{
    uint32_t block[2], count = j < n ? j : j - n;
    random_block(key, count, n + count, block);
    return block[j >= n];
}

/* The i-th of n keys that are split off a key. */
static word_key child(const functions *f, const uint32_t *key, int64_t n, int64_t i)
{
    word_key k = {{0}};
    if (f->g->words != 2)
        f->g->child(key, i, k.at);
    else if (f->halves)
        for (uint32_t j = 0; j < 2; j++)
            k.at[j] = halved_word(key, (uint32_t)n, 2 * (uint32_t)i + j);
    else
        random_block(key, (uint32_t)((uint64_t)i >> 32), (uint32_t)i, k.at);
    return k;
}

#define REAL float
#define WORD uint32_t
#define NAMED(name) name##_f32
#define MIXED(f, block) ((f)->halves ? block[0] : block[0] ^ block[1])
#define EXPONENT_BITS 9
#define ONE 0x3f800000u
#define ABOVE_MINUS_ONE -0x1.fffffep-1f
#include "random/gamma_draw.h"
#undef REAL
#undef WORD
#undef NAMED
#undef MIXED
#undef EXPONENT_BITS
#undef ONE
#undef ABOVE_MINUS_ONE
#define REAL double
#define WORD uint64_t
#define NAMED(name) name##_f64
#define MIXED(f, block) ((uint64_t)block[0] << 32 | block[1])
#define EXPONENT_BITS 12
#define ONE 0x3ff0000000000000u
#define ABOVE_MINUS_ONE -0x1.fffffffffffffp-1
#include "random/gamma_draw.h"

/* ---- the operation ---- */

static bool abstract_gamma(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)params, (void)nin, (void)a;
    bool leading = in[0].ndim <= in[1].ndim &&
                   ints_equal(aval_shape(&in[0]), (ct_ints){in[0].ndim, in[1].shape});
    if (!generator_of((ct_dtype)in[0].dtype) || !leading) {
        base_fail(CT_TYPE_ERROR, "%s: keys must have the leading axes of the parameter", o->name);
        return false;
    }
    if (in[1].dtype != CT_FLOAT32 && in[1].dtype != CT_FLOAT64) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s of dtype %s; float32 and float64 are available",
                  o->name, ct_dtype_name((ct_dtype)in[1].dtype));
        return false;
    }
    *nout = 1;
    out[0] = in[1];
    out[0].weak = false;
    return true;
}

typedef struct gamma_run {
    const uint32_t *keys;
    const void *alpha;
    void *out;
    int64_t each;
    bool log_space, wide;
    functions f;
} gamma_run;

static void gamma_piece(void *context, int64_t begin, int64_t end)
{
    const gamma_run *r = context;
    for (int64_t i = begin; i < end; i++) {
        const uint32_t *from = r->keys + r->f.g->words * (i / r->each);
        word_key key = child(&r->f, from, r->each, i % r->each);
        if (r->wide)
            ((double *)r->out)[i] =
                draw_f64(&r->f, key, ((const double *)r->alpha)[i], r->log_space);
        else
            ((float *)r->out)[i] = draw_f32(&r->f, key, ((const float *)r->alpha)[i], r->log_space);
    }
}

static ct_status kernel_gamma(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    (void)o, (void)nin, (void)nout;
    int64_t n = shape_size(out[0].aval.ndim, out[0].aval.shape),
            keys = shape_size(in[0].aval.ndim, in[0].aval.shape);
    ct_dtype dtype = (ct_dtype)out[0].aval.dtype;
    gamma_run r = {in[0].data,
                   in[1].data,
                   out[0].data,
                   keys ? n / keys : 1,
                   ((const params_random_gamma *)params)->log_space,
                   dtype == CT_FLOAT64,
                   {generator_of((ct_dtype)in[0].aval.dtype), kernel_find("log", dtype),
                    kernel_find("log1p", dtype), kernel_find("erf_inv", dtype),
                    kernel_find("pow", dtype), generators_in_halves}};
    if (!r.f.log || !r.f.log1p || !r.f.erf_inv || !r.f.pow)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR,
                         "random_gamma needs kernels for log, log1p, erf_inv and pow");
    if (n)
        base_parallel(n, 256, gamma_piece, &r);
    return CT_OK;
}

static bool vmap_gamma(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims)
{
    ct_array moved[] = {batch_front(in[0], dims[0], b.size), batch_front(in[1], dims[1], b.size)};
    core_bind(o, params, nin, moved, nout, out);
    out_dims[0] = 0;
    return !is_poison(out[0]);
}

/* By the parameter: implicit differentiation of the distribution function at the sample. Of a
 * logarithm that is divided by the sample, which may be too small for a float. */
static bool jvp_gamma(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    core_bind(o, params, nin, primals, nout, out);
    out_tangents[0] = NULL;
    if (!tangents[1] || is_poison(out[0]))
        return !is_poison(out[0]);
    bool logarithm = ((const params_random_gamma *)params)->log_space;
    ct_array sample = logarithm
                          ? op_max(op_exp(out[0]),
                                   op_full(&out[0]->aval,
                                           out[0]->aval.dtype == CT_FLOAT64 ? DBL_MIN : FLT_MIN))
                          : out[0],
             slope = op_random_gamma_grad(primals[1], sample);
    out_tangents[0] = op_mul(tangents[1], logarithm ? op_div(slope, sample) : slope);
    return !is_poison(out_tangents[0]);
}

const op op_row_random_gamma = {.name = "random_gamma",
                                .code = OP_random_gamma,
                                .operands = 2,
                                .abstract = abstract_gamma,
                                .kernel = kernel_gamma,
                                .jvp = jvp_gamma,
                                .vmap = vmap_gamma,
                                .fields = fields_random_gamma,
                                .nfields = nfields_random_gamma,
                                .params_size = sizeof(params_random_gamma)};

static ct_array gamma_drawn(ct_array key, ct_array alpha, ct_ints shape, ct_dtype dtype,
                            bool log_space)
{
    ct_array in[] = {key, numpy_broadcast_one("gamma", numpy_cast(alpha, dtype), shape)};
    return is_poison(in[1])
               ? in[1]
               : core_bind1(&op_row_random_gamma, &(params_random_gamma){log_space}, 2, in);
}

/* ---- the functions of jax.random ---- */

typedef struct request {
    ct_dtype dtype;
    dimlist shape;
} request;

static bool open(const char *what, ct_dtype dtype, ct_ints shape, int64_t n,
                 const ct_array *parameters, request *r)
{
    r->dtype = dtype;
    return random_float_dtype(what, &r->dtype) &&
           random_shape(what, shape, n, parameters, &r->shape);
}

static ct_array gamma_of(const request *r, ct_array key, ct_array a)
{
    return ct_random_gamma(key, a, dimlist_ints(&r->shape), .dtype = r->dtype);
}

static ct_array log_gamma_of(const request *r, ct_array key, ct_array a)
{
    return ct_random_loggamma(key, a, dimlist_ints(&r->shape), .dtype = r->dtype);
}

ct_array random_gamma(const ct_random_gamma_args *a)
{
    request r;
    return open("gamma", a->dtype, a->shape, 1, &a->a, &r)
               ? gamma_drawn(a->key, a->a, dimlist_ints(&r.shape), r.dtype, false)
               : array_poison;
}

ct_array random_loggamma(const ct_random_loggamma_args *a)
{
    request r;
    return open("loggamma", a->dtype, a->shape, 1, &a->a, &r)
               ? gamma_drawn(a->key, a->a, dimlist_ints(&r.shape), r.dtype, true)
               : array_poison;
}

ct_array random_beta(const ct_random_beta_args *a)
{
    request r;
    ct_array keys[2], v[] = {a->a, a->b};
    if (!open("beta", a->dtype, a->shape, 2, v, &r))
        return array_poison;
    v[0] = numpy_cast(v[0], r.dtype);
    v[1] = numpy_cast(v[1], r.dtype);
    random_split_keys(a->key, 2, keys);
    for (int i = 0; i < 2; i++)
        v[i] = numpy_broadcast_one("beta", v[i], dimlist_ints(&r.shape));
    ct_array x = log_gamma_of(&r, keys[0], v[0]), y = log_gamma_of(&r, keys[1], v[1]),
             top = op_max(x, y);
    x = op_exp(sub(x, top));
    y = op_exp(sub(y, top));
    return div(x, add(x, y));
}

ct_array random_dirichlet(const ct_random_dirichlet_args *a)
{
    request r;
    ct_array alpha = a->alpha;
    dimlist wide;
    if (alpha->aval.ndim < 1)
        return ct_fail(CT_VALUE_ERROR, "dirichlet requires alpha.ndim >= 1, got alpha.ndim == 0");
    int64_t last = alpha->aval.ndim - 1;
    ct_ints leading = {last, alpha->aval.shape}, asked = a->shape.at ? a->shape : leading;
    if (!open("dirichlet", a->dtype, I_NONE, 0, NULL, &r) ||
        !dimlist_copy(&wide, "dirichlet", asked) || wide.n == NUMPY_MAX_NDIM)
        return array_poison;
    wide.at[wide.n++] = alpha->aval.shape[last];
    alpha = numpy_cast(alpha, r.dtype);
    ct_array logs = ct_random_loggamma(a->key, alpha, dimlist_ints(&wide), .dtype = r.dtype);
    return is_poison(logs) ? logs : ct_nn_softmax(logs, .axis = I(-1));
}

ct_array random_t(const ct_random_t_args *a)
{
    request r;
    ct_array keys[2];
    if (!open("t", a->dtype, a->shape, 1, &a->df, &r))
        return array_poison;
    ct_array df = numpy_cast(a->df, r.dtype);
    random_split_keys(a->key, 2, keys);
    ct_array n = random_normal_drawn(keys[0], dimlist_ints(&r.shape), r.dtype), half = div(df, 2),
             g = gamma_of(&r, keys[1], half);
    return mul(n, op_sqrt(ct_divide(half, g)));
}

ct_array random_chisquare(const ct_random_chisquare_args *a)
{
    request r;
    if (!open("chisquare", a->dtype, a->shape, 1, &a->df, &r))
        return array_poison;
    ct_array logs = log_gamma_of(&r, a->key, div(numpy_cast(a->df, r.dtype), 2));
    return mul(op_exp(logs), 2);
}

static ct_array chisquare(const request *r, ct_array key, ct_array df)
{
    return ct_random_chisquare(key, df, dimlist_ints(&r->shape), .dtype = r->dtype);
}

ct_array random_f(const ct_random_f_args *a)
{
    request r;
    ct_array keys[2];
    if (!open("f", a->dtype, a->shape, 2, (ct_array[]){a->dfnum, a->dfden}, &r))
        return array_poison;
    ct_array below = numpy_cast(a->dfden, r.dtype), above = numpy_cast(a->dfnum, r.dtype);
    random_split_keys(a->key, 2, keys);
    ct_array x = chisquare(&r, keys[1], above), y = chisquare(&r, keys[0], below);
    x = ct_divide(x, above);
    return div(x, ct_divide(y, below));
}

ct_array random_generalized_normal(const ct_random_generalized_normal_args *a)
{
    request r;
    ct_array keys[2];
    if (!open("generalized_normal", a->dtype, a->shape, 0, NULL, &r))
        return array_poison;
    random_split_keys(a->key, 2, keys);
    ct_array g = gamma_of(&r, keys[0], ct_divide(1, a->p));
    ct_array sign = ct_random_rademacher(keys[1], a->shape, .dtype = r.dtype);
    return ct_multiply(sign, ct_power(g, ct_divide(1, a->p)));
}

/* g / (|g|^p summed + an exponential draw)^(1/p), g generalized normal (F. Barthe et al., A
 * probabilistic approach to the geometry of the l_p^n-ball, 2005). */
ct_array random_ball(const ct_random_ball_args *a)
{
    request r;
    ct_array keys[2];
    if (!open("ball", a->dtype, a->shape, 0, NULL, &r))
        return array_poison;
    if (r.shape.n == NUMPY_MAX_NDIM || a->d < 0)
        return ct_fail(CT_VALUE_ERROR, "ball: d must not be negative; got %lld", (long long)a->d);
    random_split_keys(a->key, 2, keys);
    int64_t axis = r.shape.n;
    r.shape.at[r.shape.n++] = a->d;
    ct_array g =
        ct_random_generalized_normal(keys[0], a->p, dimlist_ints(&r.shape), .dtype = r.dtype);
    ct_array e = ct_random_exponential(keys[1], a->shape, .dtype = r.dtype);
    ct_array norm = ct_add(ct_sum(ct_power(op_abs(g), a->p), .axis = I(axis)), e);
    norm = ct_power(norm, ct_divide(1, a->p));
    return ct_divide(g, op_expand_dims(norm, I(axis)));
}
