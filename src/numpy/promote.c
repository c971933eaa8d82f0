/* Which dtype do several arrays take together, and how does an elementwise function get there?
 *
 * JAX's rules: dtypes join in a lattice where the types of Python's numbers (weak types) stand
 * below the others. Next: broadcast.c. */
#include "cotan/rules.h"
#include "numpy/numpy.h"

/* A scalar whose value is at hand is converted now, by arithmetic of the evaluator, also while a
 * jaxpr is being written. */
static ct_array convert_scalar(ct_array x, ct_dtype dtype, bool weak)
{
    ct_dtype from = dtype_of(x);
    if (dtype_is(from, FAMILY_FLOAT) && dtype_is(dtype, FAMILY_FLOAT))
        return array_scalar(dtype, weak, array_get_double(x, 0));
    if (dtype_is(from, FAMILY_INT | FAMILY_BOOL) && dtype_is(dtype, FAMILY_INT))
        return array_scalar_int(dtype, weak, array_get_int(x, 0));
    if (dtype_is(from, FAMILY_INT | FAMILY_BOOL) && dtype_is(dtype, FAMILY_FLOAT) &&
        dtype_table[from].bits <= 32)
        return array_scalar(dtype, weak, array_get_double(x, 0));
    trace_context context = trace_enter(NULL);
    ct_array y = op_convert(x, dtype, weak);
    trace_leave(context);
    return y;
}

ct_array numpy_convert(ct_array x, ct_dtype dtype, bool weak)
{
    if (dtype_of(x) == dtype && x->aval.weak == weak)
        return x;
    if (is_array(x) && !x->aval.ndim)
        return convert_scalar(x, dtype, weak);
    return op_convert(x, dtype, weak);
}

ct_array numpy_number(double value, ct_array like)
{
    return array_scalar(dtype_of(like), like->aval.weak && !like->aval.ndim, value);
}

bool numpy_result_dtype(const char *what, int64_t n, const ct_array *in, ct_dtype *dtype,
                        bool *weak)
{
    ct_dtype d = n ? dtype_of(in[0]) : dtype_default(FAMILY_FLOAT);
    bool w = n ? in[0]->aval.weak : false;
    for (int64_t i = 1; i < n; i++) {
        ct_dtype before = d;
        bool weak_before = w;
        d = dtype_promote(d, w, dtype_of(in[i]), in[i]->aval.weak, &w);
        if (d == CT_NO_DTYPE)
            return dtype_fail_promotion(what, before, weak_before, dtype_of(in[i]),
                                        in[i]->aval.weak);
    }
    *dtype = d;
    *weak = w;
    return true;
}

static bool convert_all(int64_t n, const ct_array *in, ct_array *out, ct_dtype dtype, bool weak)
{
    for (int64_t i = 0; i < n; i++)
        if (is_poison(out[i] = numpy_convert(in[i], dtype, weak)))
            return false;
    return true;
}

bool numpy_promote(const char *what, int64_t n, const ct_array *in, ct_array *out)
{
    ct_dtype dtype;
    bool weak;
    return numpy_result_dtype(what, n, in, &dtype, &weak) && convert_all(n, in, out, dtype, weak);
}

bool numpy_promote_inexact(const char *what, int64_t n, const ct_array *in, ct_array *out)
{
    ct_dtype dtype;
    bool weak;
    if (!numpy_result_dtype(what, n, in, &dtype, &weak))
        return false;
    if (dtype_is(dtype, FAMILY_KEY | FAMILY_FLOAT0)) {
        base_fail(CT_TYPE_ERROR, "%s does not accept dtype %s.", what, dtype_table[dtype].name);
        return false;
    }
    return convert_all(n, in, out, dtype_to_inexact(dtype), weak);
}

ct_array numpy_unary_inexact(ct_array x, unary_op *f)
{
    if (unlikely(!dtype_inexact(dtype_of(x))))
        x = numpy_convert(x, dtype_to_inexact(dtype_of(x)), x->aval.weak);
    return is_poison(x) ? x : f(x);
}

/* Nothing to convert and nothing to reshape: the common case, which should cost nothing. Booleans
 * together are never weak. */
static inline bool alike(ct_array x, ct_array y)
{
    return x->aval.dtype == y->aval.dtype && x->aval.weak == y->aval.weak &&
           x->aval.ndim == y->aval.ndim && !(x->aval.weak && x->aval.dtype == CT_BOOL);
}

ct_array numpy_binary(const char *what, ct_array x, ct_array y, binary_op *f)
{
    ct_array v[] = {x, y};
    if (likely(alike(x, y)))
        return f(x, y);
    if (!numpy_promote(what, 2, v, v) || !numpy_match_ranks(what, 2, v, v))
        return array_poison;
    return f(v[0], v[1]);
}

ct_array numpy_binary_inexact(const char *what, ct_array x, ct_array y, binary_op *f)
{
    ct_array v[] = {x, y};
    if (likely(alike(x, y) && dtype_inexact(dtype_of(x))))
        return f(x, y);
    if (!numpy_promote_inexact(what, 2, v, v) || !numpy_match_ranks(what, 2, v, v))
        return array_poison;
    return f(v[0], v[1]);
}

ct_array numpy_with_rule(const char *name, ct_c_function value, ct_f2 *rule, int n,
                         const ct_array *x)
{
    if (!core_current)
        return n == 1 ? ((ct_f1 *)value)(x[0]) : ((ct_f2 *)value)(x[0], x[1]);
    ct_fn f =
        ct_custom_jvp(ct_function_(value, n, name), ct_function_((ct_c_function)rule, 2, "jvp"));
    return f ? ct_call_(f, n, x) : array_poison;
}

bool numpy_known(const char *what, const char *argument, ct_array a, ct_array *concrete)
{
    if (core_concrete(a, concrete))
        return true;
    core_fail_traced(CT_CONCRETIZATION_ERROR, a, "It arose in the jnp.%s argument '%s'", what,
                     argument);
    return false;
}

static bool one_element(const char *what, const char *argument, ct_array a)
{
    if (a->size == 1)
        return true;
    base_fail(CT_TYPE_ERROR, "%s: %s should be a scalar, but has %lld elements.", what, argument,
              (long long)a->size);
    return false;
}

bool numpy_known_double(const char *what, const char *argument, ct_array a, double *value)
{
    if (!numpy_known(what, argument, a, &a) || !one_element(what, argument, a))
        return false;
    *value = array_get_double(a, 0);
    return true;
}

bool numpy_known_int(const char *what, const char *argument, ct_array a, int64_t *value)
{
    if (!numpy_known(what, argument, a, &a) || !one_element(what, argument, a))
        return false;
    *value = array_get_int(a, 0);
    return true;
}
