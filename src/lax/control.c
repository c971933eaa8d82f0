/* Loops made of others: a function on every slice (ct_map_slices), and all partial results of an
 * associative one (ct_associative_scan). Next: root.c. */
#include "cotan/control.h"

#include "lax/lax.h"

/* A function kept for closures. */
typedef struct kept_fn {
    ct_fn f;
    int64_t batch_size;
    bool reverse;
    int64_t axis;
} kept_fn;

static void release_kept(void *env)
{
    ct_release_fn(((kept_fn *)env)->f);
    base_free(env);
}

/* A closure of f and its options, which it keeps. */
static ct_fn closure_of(ct_tree (*call)(void *, int, const ct_tree *), kept_fn options)
{
    kept_fn *env = options.f ? base_alloc(sizeof *env) : NULL;
    if (!env)
        return NULL;
    *env = options;
    ct_retain_fn(env->f);
    ct_fn made = ct_closure(call, env, release_kept, fn_name(env->f));
    if (!made)
        release_kept(env);
    return made;
}

/* Leaves of a tree, each made by an operation from the leaf in its place. */
static ct_tree each_leaf(ct_tree t, ct_array (*f)(ct_array, const void *), const void *env)
{
    const ct_array *at;
    int64_t n = tree_leaves(&t, &at);
    if (!is_tree(t))
        return f(t, env);
    ct_array *made = base_alloc((size_t)(n + 1) * sizeof *made);
    for (int64_t i = 0; i < n && made; i++)
        made[i] = f(at[i], env);
    ct_tree out = made ? tree_new(t->def, n, made) : array_poison;
    base_free(made);
    return out;
}

/* ---- on every slice ---- */

static ct_tree map_step(void *env, int n, const ct_tree *args)
{
    (void)n;
    ct_tree none = ct_tuple_(0, NULL), y = ct_call_(((kept_fn *)env)->f, 1, args + 1);
    return ct_tuple_(2, (ct_tree[]){none, y});
}

static ct_tree scan_slices(ct_fn f, ct_tree xs)
{
    ct_fn loop = ct_scan_(&(ct_scan_args){.f = closure_of(map_step, (kept_fn){.f = f})});
    ct_tree out = loop ? ct_call_(loop, 2, (ct_tree[]){ct_tuple_(0, NULL), xs}) : array_poison;
    return is_poison(out) ? out : ct_at(out, 1);
}

/* Rows from one on up to another, as batches of `size` where that is not 0. */
typedef struct rows {
    int64_t from, to, size;
} rows;

static ct_array take_rows(ct_array x, const void *env)
{
    const rows *r = env;
    axis_list shape = {.n = x->aval.ndim + 1};
    if (r->from || r->to < x->aval.shape[0])
        x = lax_slice_axis(x, 0, r->from, r->to, 0);
    if (!r->size || is_poison(x))
        return x;
    for (int i = 1; i < x->aval.ndim; i++)
        shape.at[i + 1] = x->aval.shape[i];
    shape.at[0] = (r->to - r->from) / r->size;
    shape.at[1] = r->size;
    return op_reshape(x, axis_ints(&shape));
}

/* The first two axes as one. */
static ct_array join_batches(ct_array y, const void *env)
{
    axis_list shape = {.n = y->aval.ndim - 1};
    (void)env;
    for (int i = 1; i < y->aval.ndim; i++)
        shape.at[i - 1] = y->aval.shape[i];
    shape.at[0] *= y->aval.shape[0];
    return op_reshape(y, axis_ints(&shape));
}

static ct_array concatenated(ct_array a, ct_array b)
{
    return op_concatenate(2, (ct_array[]){a, b}, 0);
}

static ct_tree map_batches(ct_fn f, ct_tree xs, int64_t n, int64_t size)
{
    ct_fn mapped = ct_vmap_(&(ct_vmap_args){.f = f});
    int64_t whole = n / size * size;
    if (!mapped || !whole)
        return mapped ? ct_call_(mapped, 1, &xs) : array_poison;
    ct_tree batches = each_leaf(xs, take_rows, &(rows){0, whole, size});
    ct_tree rest = whole < n ? each_leaf(xs, take_rows, &(rows){whole, n, 0}) : NULL;
    ct_tree ys = scan_slices(mapped, batches), last = rest ? ct_call_(mapped, 1, &rest) : NULL;
    if (is_poison(ys))
        return ys;
    ys = each_leaf(ys, join_batches, NULL);
    return last ? ct_map2(concatenated, ys, last) : ys;
}

static ct_tree map_slices(void *env, int n, const ct_tree *args)
{
    const kept_fn *k = env;
    const ct_array *at;
    if (n != 1)
        return ct_fail(CT_TYPE_ERROR, "map takes one tree of arrays, but got %d arguments", n);
    if (k->batch_size < 0)
        return ct_fail(CT_VALUE_ERROR, "map: batch_size must not be negative, got %lld",
                       (long long)k->batch_size);
    bool batched = k->batch_size && tree_leaves(&args[0], &at) && at[0]->aval.ndim;
    return batched ? map_batches(k->f, args[0], at[0]->aval.shape[0], k->batch_size)
                   : scan_slices(k->f, args[0]);
}

ct_fn ct_map_slices_(const ct_map_slices_args *a)
{
    return closure_of(map_slices, (kept_fn){.f = a->f, .batch_size = a->batch_size});
}

/* ---- partial results: neighbours are combined first, their results scanned, and what is between
 * them filled in (G. E. Blelloch, Prefix Sums and Their Applications, 1990) ---- */

typedef struct partial_scan {
    ct_fn f;
    treedef *def; /* of the elements */
    int64_t n, axis;
} partial_scan;

static int64_t length_of(const partial_scan *p, const ct_array *xs)
{
    return xs[0]->aval.shape[p->axis];
}

static bool strided(const partial_scan *p, const ct_array *xs, int64_t from, int64_t to,
                    int64_t stride, ct_array *out)
{
    bool good = true;
    for (int64_t i = 0; i < p->n && good; i++)
        good = !is_poison(out[i] =
                              lax_slice_axis(xs[i], p->axis, from, to > from ? to : from, stride));
    return good;
}

/* f of two lists of elements. */
static bool combine(const partial_scan *p, const ct_array *a, const ct_array *b, ct_array *out)
{
    ct_tree sides[2] = {tree_new(p->def, p->n, a), tree_new(p->def, p->n, b)},
            made = ct_call_(p->f, 2, sides);
    const ct_array *at;
    if (is_poison(made))
        return false;
    int64_t n = tree_leaves(&made, &at);
    if (n != p->n) {
        base_fail(
            CT_TYPE_ERROR,
            "associative_scan: fn must return elements like those it takes, with %lld leaves, "
            "but it returned %lld",
            (long long)p->n, (long long)n);
        return false;
    }
    memcpy(out, at, (size_t)n * sizeof *out);
    return true;
}

/* Every second place of n along the axis, from the first on, and zeros between. */
static ct_array spaced(ct_array x, int64_t axis, int64_t n, int64_t first)
{
    int64_t triples[3 * LAX_MAX_NDIM] = {0}, size = x->aval.shape[axis];
    int64_t reach = size ? 2 * size - 1 : 0;
    triples[3 * axis] = first;
    triples[3 * axis + 1] = n - first - reach;
    triples[3 * axis + 2] = 1;
    ct_array zero = array_scalar(dtype_of(x), false, 0);
    return op_pad(x, zero, (ct_ints){3 * x->aval.ndim, triples});
}

static ct_array interleave(ct_array even, ct_array odd, int64_t axis)
{
    int64_t n = even->aval.shape[axis] + odd->aval.shape[axis];
    ct_array a = spaced(even, axis, n, 0), b = spaced(odd, axis, n, 1);
    return dtype_of(even) == CT_BOOL ? op_or(a, b) : op_add(a, b);
}

static bool partials(const partial_scan *p, ct_array *xs);

/* Partial results at even and odd places; room: five lists. */
static bool partials_by_halves(const partial_scan *p, ct_array *xs, ct_array *room)
{
    int64_t length = length_of(p, xs);
    ct_array *left = room, *right = left + p->n, *odd = right + p->n, *even = odd + p->n,
             *before = even + p->n;
    bool good = strided(p, xs, 0, length - 1, 2, left) && strided(p, xs, 1, length, 2, right) &&
                combine(p, left, right, odd) && partials(p, odd);
    if (good && length % 2 == 0)
        good = strided(p, odd, 0, length_of(p, odd) - 1, 1, before);
    else if (good)
        memcpy(before, odd, (size_t)p->n * sizeof *before);
    good = good && strided(p, xs, 2, length, 2, right) && combine(p, before, right, even) &&
           strided(p, xs, 0, 1, 1, left);
    for (int64_t i = 0; i < p->n && good; i++) {
        ct_array all = op_concatenate(2, (ct_array[]){left[i], even[i]}, p->axis);
        good = !is_poison(xs[i] = is_poison(all) ? all : interleave(all, odd[i], p->axis));
    }
    return good;
}

static bool partials(const partial_scan *p, ct_array *xs)
{
    if (length_of(p, xs) < 2)
        return true;
    ct_array *room = base_alloc((size_t)(5 * p->n) * sizeof *room);
    bool good = room && partials_by_halves(p, xs, room);
    base_free(room);
    return good;
}

static bool flip(const partial_scan *p, bool reverse, ct_array *xs)
{
    bool good = true;
    for (int64_t i = 0; i < p->n && good && reverse; i++)
        good = !is_poison(xs[i] = op_rev(xs[i], I(p->axis)));
    return good;
}

static bool check_lengths(partial_scan *p, int64_t axis, const ct_array *xs)
{
    int ndim = p->n ? xs[0]->aval.ndim : 0;
    if (axis < -ndim || axis >= ndim) {
        base_fail(CT_VALUE_ERROR,
                  "associative_scan: axis %lld is out of bounds for array of dimension %d",
                  (long long)axis, ndim);
        return false;
    }
    p->axis = axis < 0 ? axis + ndim : axis;
    for (int64_t i = 1; i < p->n; i++)
        if (xs[i]->aval.ndim <= p->axis || length_of(p, xs + i) != length_of(p, xs)) {
            text t = {0};
            text_add(&t, "Array inputs to associative_scan must have the same first dimension. "
                         "(saw: ");
            for (int64_t k = 0; k < p->n; k++) {
                text_add(&t, k ? ", " : "");
                aval_text(&t, &xs[k]->aval, false);
            }
            char *s = text_end(&t);
            base_fail(CT_VALUE_ERROR, "%s)", s ? s : "?");
            base_free(s);
            return false;
        }
    return true;
}

static ct_tree associative_scan(void *env, int n, const ct_tree *args)
{
    const kept_fn *k = env;
    const ct_array *at;
    if (n != 1)
        return ct_fail(CT_TYPE_ERROR, "associative_scan takes one tree of arrays, but got %d", n);
    partial_scan p = {.f = k->f, .n = tree_leaves(&args[0], &at)};
    p.def = is_tree(args[0]) ? args[0]->def : treedef_leaf();
    ct_array *xs = base_alloc((size_t)(p.n + 1) * sizeof *xs);
    if (xs)
        memcpy(xs, at, (size_t)p.n * sizeof *xs);
    bool good = xs && check_lengths(&p, k->axis, xs) && flip(&p, k->reverse, xs) &&
                partials(&p, xs) && flip(&p, k->reverse, xs);
    ct_tree out = good ? tree_new(p.def, p.n, xs) : array_poison;
    base_free(xs);
    return out;
}

ct_fn ct_associative_scan_(const ct_associative_scan_args *a)
{
    return closure_of(associative_scan,
                      (kept_fn){.f = a->f, .reverse = a->reverse, .axis = a->axis});
}
