/* Reductions over named axes of enclosing vmaps and meshes, of whole trees. */
#include "lax/lax.h"

/* A name, or a sequence of names: as text, separated by commas. */
static bool add_name(nested *r, int64_t length, text *t)
{
    for (int64_t i = 0, c; i < length; i++) {
        if (!nested_int(r, &c))
            return false;
        text_add(t, "%c", (int)c);
    }
    return true;
}

static char *names_of(const char *what, ct_ints given)
{
    text t = {0};
    nested r = nested_begin(what, given);
    int64_t n, length;
    bool good = nested_length(&r, &n);
    if (good && r.end - r.at == n && (!n || *r.at > 32)) {
        good = add_name(&r, n, &t); /* one name: its length is all there is */
    } else {
        for (int64_t i = 0; good && i < n; i++) {
            text_add(&t, i ? "," : "");
            good = nested_length(&r, &length) && add_name(&r, length, &t);
        }
    }
    char *names = text_end(&t);
    if (good)
        return names;
    base_free(names);
    return NULL;
}

/* What is done to one array; the arguments are those of the call. */
typedef ct_array collective(ct_array x, const char *axes, const void *arguments);

typedef struct over_axes {
    collective *f;
    char *names;
    const void *arguments;
} over_axes;

static ct_array over_leaf(ct_array x, const void *env)
{
    const over_axes *o = env;
    return o->f(x, o->names, o->arguments);
}

static ct_tree over_tree(const char *what, ct_tree x, ct_ints given, collective *f,
                         const void *arguments)
{
    over_axes o = {f, names_of(what, given), arguments};
    ct_tree result = o.names ? lax_each(x, over_leaf, &o) : array_poison;
    base_free(o.names);
    return result;
}

static ct_array sum_over(ct_array x, const char *axes, const void *a)
{
    (void)a;
    return op_psum(x, axes);
}
static ct_array largest_over(ct_array x, const char *axes, const void *a)
{
    (void)a;
    return op_pmax(x, axes);
}
static ct_array smallest_over(ct_array x, const char *axes, const void *a)
{
    (void)a;
    return op_pmin(x, axes);
}

static ct_array mean_over(ct_array x, const char *axes, const void *a)
{
    (void)a;
    int64_t size = op_axis_size(axes);
    if (!size)
        return array_poison;
    ct_dtype inexact = dtype_to_inexact(dtype_of(x));
    ct_array total = op_psum(x, axes);
    if (is_poison(total))
        return total;
    bool weak = total->aval.weak;
    return op_div(op_convert(total, inexact, weak), array_scalar(inexact, weak, (double)size));
}

ct_tree lax_psum(const ct_lax_psum_args *a)
{
    return over_tree("psum: axis_name", a->x, a->axis_name, sum_over, a);
}
ct_tree lax_pmax(const ct_lax_pmax_args *a)
{
    return over_tree("pmax: axis_name", a->x, a->axis_name, largest_over, a);
}
ct_tree lax_pmin(const ct_lax_pmin_args *a)
{
    return over_tree("pmin: axis_name", a->x, a->axis_name, smallest_over, a);
}
ct_tree lax_pmean(const ct_lax_pmean_args *a)
{
    return over_tree("pmean: axis_name", a->x, a->axis_name, mean_over, a);
}

static ct_array gather_over(ct_array x, const char *axes, const void *arguments)
{
    const ct_lax_all_gather_args *a = arguments;
    int64_t axis;
    if (!lax_axis("all_gather", a->axis, x->aval.ndim + !a->tiled, &axis))
        return array_poison;
    return op_all_gather(x, axes, axis, a->tiled);
}

ct_tree lax_all_gather(const ct_lax_all_gather_args *a)
{
    return over_tree("all_gather: axis_name", a->x, a->axis_name, gather_over, a);
}

static ct_array exchange_over(ct_array x, const char *axes, const void *arguments)
{
    const ct_lax_all_to_all_args *a = arguments;
    int64_t split, concat;
    if (!lax_axis("all_to_all", a->split_axis, x->aval.ndim, &split) ||
        !lax_axis("all_to_all", a->concat_axis, x->aval.ndim, &concat))
        return array_poison;
    int64_t size = op_axis_size(axes);
    if (!size)
        return array_poison;
    if (!a->tiled && x->aval.shape[split] != size)
        return ct_fail(CT_VALUE_ERROR,
                       "all_to_all requires the size of the mapped axis axis_name to equal "
                       "x.shape[split_axis], but they are %lld and %lld respectively.",
                       (long long)size, (long long)x->aval.shape[split]);
    return op_all_to_all(x, axes, split, concat, a->tiled);
}

ct_tree lax_all_to_all(const ct_lax_all_to_all_args *a)
{
    return over_tree("all_to_all: axis_name", a->x, a->axis_name, exchange_over, a);
}

ct_tree lax_pswapaxes(const ct_lax_pswapaxes_args *a)
{
    ct_lax_all_to_all_args q = {
        .x = a->x, .axis_name = a->axis_name, .split_axis = a->axis, .concat_axis = a->axis};
    return over_tree("pswapaxes: axis_name", a->x, a->axis_name, exchange_over, &q);
}

static ct_array send_over(ct_array x, const char *axes, const void *pairs)
{
    return op_ppermute(x, axes, *(const ct_ints *)pairs);
}

/* Sends along the pairs read from a list of pairs, or from (perm[i], i). */
static ct_tree send(const char *what, ct_tree x, ct_ints axis_name, int64_t n, int64_t *pairs)
{
    ct_ints list = {2 * n, pairs};
    return pairs ? over_tree(what, x, axis_name, send_over, &list) : array_poison;
}

ct_tree lax_ppermute(const ct_lax_ppermute_args *a)
{
    nested r = nested_begin("ppermute: perm", a->perm);
    int64_t n, two, *pairs = NULL;
    bool good = nested_length(&r, &n) && (pairs = base_alloc((size_t)(2 * n + 1) * sizeof *pairs));
    for (int64_t i = 0; good && i < n; i++) {
        good = nested_length(&r, &two) && nested_int(&r, &pairs[2 * i]) &&
               nested_int(&r, &pairs[2 * i + 1]);
        if (good && two != 2) {
            base_fail(CT_VALUE_ERROR, "ppermute: perm is a list of pairs, got one of %lld numbers.",
                      (long long)two);
            good = false;
        }
    }
    ct_tree out = good ? send("ppermute: axis_name", a->x, a->axis_name, n, pairs) : array_poison;
    base_free(pairs);
    return out;
}

ct_tree lax_pshuffle(const ct_lax_pshuffle_args *a)
{
    int64_t n = a->perm.n, *pairs = base_alloc((size_t)(2 * n + 1) * sizeof *pairs);
    for (int64_t i = 0; pairs && i < n; i++) {
        pairs[2 * i] = a->perm.at[i];
        pairs[2 * i + 1] = i;
    }
    ct_tree out = send("pshuffle: axis_name", a->x, a->axis_name, n, pairs);
    base_free(pairs);
    return out;
}

static ct_array scatter_over(ct_array x, const char *axes, const void *arguments)
{
    const ct_lax_psum_scatter_args *a = arguments;
    int64_t axis, size = op_axis_size(axes);
    if (!size || !lax_axis("psum_scatter", a->scatter_dimension, x->aval.ndim, &axis))
        return array_poison;
    int64_t have = x->aval.shape[axis], part = have / size;
    if (have % size || (!a->tiled && part != 1))
        return ct_fail(CT_VALUE_ERROR,
                       "psum_scatter: axis %lld of the operand has size %lld, which %s %lld, the "
                       "size of the named axis.",
                       (long long)axis, (long long)have,
                       a->tiled ? "is not divisible by" : "is not", (long long)size);
    ct_array sum = op_psum(x, axes), index = op_axis_index(axes);
    if (is_poison(sum) || is_poison(index))
        return array_poison;
    index = op_mul(index, array_scalar_int(CT_INT32, false, part));
    ct_array y = ct_lax_dynamic_slice_in_dim(sum, index, part, .axis = axis);
    return a->tiled || is_poison(y) ? y : op_squeeze(y, I(axis));
}

ct_tree lax_psum_scatter(const ct_lax_psum_scatter_args *a)
{
    return over_tree("psum_scatter: axis_name", a->x, a->axis_name, scatter_over, a);
}

static ct_array from_source(ct_array x, const char *axes, const void *arguments)
{
    const ct_lax_pbroadcast_args *a = arguments;
    int64_t size = op_axis_size(axes);
    if (!size)
        return array_poison;
    if (a->source < 0 || a->source >= size)
        return ct_fail(CT_VALUE_ERROR, "pbroadcast: there is no position %lld among %lld.",
                       (long long)a->source, (long long)size);
    return ct_lax_index_in_dim(op_all_gather(x, axes, 0, false), a->source, .keepdims = CT_FALSE);
}

ct_tree lax_pbroadcast(const ct_lax_pbroadcast_args *a)
{
    return over_tree("pbroadcast: axis_name", a->x, a->axis_name, from_source, a);
}

ct_array lax__axis_size(const ct_lax__axis_size_args *a)
{
    char *names = names_of("axis_size: axis_name", a->axis_name);
    int64_t size = names ? op_axis_size(names) : 0;
    base_free(names);
    return size ? array_scalar_int(CT_INT32, false, size) : array_poison;
}

ct_array lax_axis_index(const ct_lax_axis_index_args *a)
{
    char *names = names_of("axis_index: axis_name", a->axis_name);
    ct_array x = names ? op_axis_index(names) : array_poison;
    base_free(names);
    return x;
}
