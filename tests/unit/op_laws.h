/* The laws every differentiable operation obeys, for test programs: jvp = finite difference, <u, J
 * v> = <J' u, v>, vmap = loop.
 *
 * An operation under test is a C function of an array of operands; those of dtype float64 are
 * differentiated. */
#ifndef COTAN_TEST_OP_LAWS_H
#define COTAN_TEST_OP_LAWS_H
#include "ops/ops.h"
#include "test.h"
#include "transform/transform.h"

typedef ct_array law_function(const ct_array *in);
enum { LAW_OPERANDS = 4, LAW_BATCH = 3 };

static uint64_t law_state = 88172645463325252u;
static inline double law_random(void)
{
    law_state ^= law_state << 13;
    law_state ^= law_state >> 7;
    law_state ^= law_state << 17;
    return (double)(law_state >> 11) * 0x1p-52 - 1;
}
static inline int64_t law_below(int64_t n) { return (int64_t)((law_random() + 1) / 2 * (double)n); }

/* Random numbers in [-1, 1) (float dtypes) or small integers. */
static inline ct_array law_array(ct_dtype dtype, ct_ints shape)
{
    ct_array a = array_new(dtype, false, shape.n, shape.at);
    for (int64_t i = 0; i < a->size; i++) {
        double r = law_random();
        if (dtype == CT_FLOAT64)
            ((double *)a->data)[i] = r;
        else if (dtype == CT_FLOAT32)
            ((float *)a->data)[i] = (float)r;
        else
            ((int32_t *)a->data)[i] = (int32_t)floor(r * 9);
    }
    return a;
}

static inline bool law_call(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    (void)nin;
    out->n = 1;
    out->at = base_alloc(sizeof *out->at);
    if (!out->at)
        return false;
    out->at[0] = ((law_function *)(uintptr_t)env)(in);
    return out->at[0] != array_poison;
}
static inline flat law_flat(law_function *f)
{
    return (flat){law_call, (void *)(uintptr_t)f, "law"};
}

static inline double law_dot(ct_array a, ct_array b)
{
    double sum = 0;
    for (int64_t i = 0; i < a->size && i < b->size; i++)
        sum += array_get_double(a, i) * array_get_double(b, i);
    return sum;
}

static inline ct_array law_shifted(ct_array x, ct_array v, double step)
{
    ct_array a = array_new(CT_FLOAT64, false, x->aval.ndim, x->aval.shape);
    for (int64_t i = 0; i < a->size && i < v->size; i++)
        ((double *)a->data)[i] = array_get_double(x, i) + step * array_get_double(v, i);
    return a;
}

typedef struct law_results {
    leaves out, out_tangents, again, grads;
    linear_map *l;
} law_results;

static inline void law_slopes(const char *name, law_function *f, int n, const ct_array *in,
                              law_results *r)
{
    ct_array tangents[LAW_OPERANDS], low[LAW_OPERANDS], high[LAW_OPERANDS];
    const double step = 1e-6;
    for (int i = 0; i < n; i++) {
        bool moves = in[i]->aval.dtype == CT_FLOAT64;
        tangents[i] = moves ? law_array(CT_FLOAT64, aval_shape(&in[i]->aval)) : NULL;
        low[i] = moves ? law_shifted(in[i], tangents[i], -step) : in[i];
        high[i] = moves ? law_shifted(in[i], tangents[i], step) : in[i];
    }
    for (int i = 0; i < n; i++)
        if (!is_array(in[i]) ||
            (tangents[i] && (!is_array(tangents[i]) || !is_array(low[i]) || !is_array(high[i]))))
            return;
    if (!CHECK(transform_jvp(law_flat(f), n, in, tangents, &r->out, &r->out_tangents)))
        return;
    ct_array a = f(low), b = f(high), t = r->out_tangents.at[0], y = f(in);
    if (!CHECK(is_array(a) && is_array(b) && is_array(t) && is_array(y)))
        return;
    for (int64_t i = 0; i < t->size; i++) {
        double slope = (array_get_double(b, i) - array_get_double(a, i)) / (2 * step);
        if (fabs(slope - array_get_double(t, i)) > 1e-6 * (1 + fabs(slope))) {
            TEST_FAILED("%s: tangent %lld is %g, the slope is %g", name, (long long)i,
                        array_get_double(t, i), slope);
            break;
        }
    }
    for (int64_t i = 0; i < y->size; i++)
        CHECK_NEAR(array_get_double(r->out.at[0], i), array_get_double(y, i), 1e-12);
    if (!CHECK(transform_linearize(law_flat(f), n, in, &r->again, &r->l)))
        return;
    ct_array u = law_array(CT_FLOAT64, aval_shape(&t->aval));
    if (is_array(u) && CHECK(linear_transpose(r->l, 1, &u, &r->grads))) {
        double back = 0;
        for (int i = 0; i < n; i++)
            if (tangents[i] && r->grads.at[i]) {
                CHECK(ints_equal(aval_shape(&r->grads.at[i]->aval), aval_shape(&in[i]->aval)));
                back += law_dot(r->grads.at[i], tangents[i]);
            }
        double forward = law_dot(u, t);
        if (fabs(back - forward) > 1e-9 * (1 + fabs(forward)))
            TEST_FAILED("%s: <u, J v> is %.12g, <J' u, v> is %.12g", name, forward, back);
    }
}

static inline void law_derivatives(const char *name, law_function *f, int n, const ct_array *in)
{
    law_results r = {0};
    law_slopes(name, f, n, in, &r);
    leaves *all[] = {&r.out, &r.out_tangents, &r.again, &r.grads};
    for (int i = 0; i < 4; i++)
        leaves_free(all[i]);
    object_release(r.l);
}

/* Row `index` of x along axis dim. */
static inline ct_array law_row(ct_array x, int dim, int64_t index)
{
    int64_t start[16] = {0}, limit[16];
    for (int i = 0; i < x->aval.ndim; i++)
        limit[i] = x->aval.shape[i];
    start[dim] = index;
    limit[dim] = index + 1;
    if (!x->aval.ndim)
        return array_poison;
    ct_ints axes = {1, &(int64_t){dim}};
    return op_squeeze(
        op_slice(x, (ct_ints){x->aval.ndim, start}, (ct_ints){x->aval.ndim, limit}, (ct_ints){0}),
        axes);
}

static inline bool law_same(ct_array want, ct_array got)
{
    if (!CHECK(is_array(want) && is_array(got)) ||
        !CHECK(aval_equal(&want->aval, &got->aval, true)))
        return false;
    for (int64_t i = 0; i < want->size; i++)
        if (fabs(array_get_double(got, i) - array_get_double(want, i)) > 1e-9) {
            TEST_FAILED("element %lld is %g, not %g", (long long)i, array_get_double(got, i),
                        array_get_double(want, i));
            return false;
        }
    return true;
}

/* make(i): a fresh operand i. Every choice of mapped operands, axes chosen at random. */
static inline void law_vmap(const char *name, law_function *f, int n, ct_array (*make)(int operand))
{
    for (int mask = 1; mask < 1 << n; mask++) {
        ct_array in[LAW_OPERANDS], rows[LAW_OPERANDS];
        int dims[LAW_OPERANDS];
        for (int i = 0; i < n; i++) {
            dims[i] = NOT_MAPPED;
            in[i] = make(i);
            if (!is_array(in[i]))
                return;
            if (!(mask >> i & 1))
                continue;
            dims[i] = (int)law_below(in[i]->aval.ndim + 1);
            ct_array parts[LAW_BATCH];
            for (int k = 0; k < LAW_BATCH; k++)
                parts[k] = op_expand_dims(k ? make(i) : in[i], (ct_ints){1, &(int64_t){dims[i]}});
            in[i] = op_concatenate(LAW_BATCH, parts, dims[i]);
        }
        leaves out = {0};
        bool good = CHECK(
            transform_vmap(law_flat(f), (batch){LAW_BATCH, NULL}, n, in, dims, NULL, NULL, &out));
        for (int k = 0; k < LAW_BATCH && good; k++) {
            for (int i = 0; i < n; i++)
                rows[i] = dims[i] == NOT_MAPPED ? in[i] : law_row(in[i], dims[i], k);
            good = law_same(f(rows), law_row(out.at[0], 0, k));
        }
        leaves_free(&out);
        if (!good) {
            printf("%s: vmap over operands %d\n", name, mask);
            return;
        }
    }
}

static inline void laws(const char *name, law_function *f, int n, ct_array (*make)(int operand))
{
    ct_array in[LAW_OPERANDS];
    for (int i = 0; i < n; i++)
        in[i] = make(i);
    law_derivatives(name, f, n, in);
    law_vmap(name, f, n, make);
}
#endif
