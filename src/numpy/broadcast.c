/* Shapes that fit together, and axes as users write them. Next: ufunc.c. */
#include <stdio.h>

#include "numpy/numpy.h"

bool dimlist_copy(dimlist *d, const char *what, ct_ints from)
{
    if (from.n > NUMPY_MAX_NDIM) {
        base_fail(CT_VALUE_ERROR, "%s: %lld axes are more than the %d an array can have.", what,
                  (long long)from.n, NUMPY_MAX_NDIM);
        return false;
    }
    d->n = from.n;
    if (from.n > 0)
        memcpy(d->at, from.at, (size_t)from.n * sizeof *from.at);
    return true;
}

static void add_shape(text *t, ct_ints shape)
{
    text_add(t, "(");
    for (int64_t i = 0; i < shape.n; i++)
        text_add(t, i ? ", %lld" : "%lld", (long long)shape.at[i]);
    text_add(t, shape.n == 1 ? ",)" : ")");
}

static bool shapes_clash(const char *what, int64_t n, const ct_ints *shapes)
{
    text t = {0};
    for (int64_t i = 0; i < n; i++) {
        text_add(&t, i ? ", " : "");
        add_shape(&t, shapes[i]);
    }
    char *list = text_end(&t);
    base_fail(n == 2 ? CT_TYPE_ERROR : CT_VALUE_ERROR,
              "%s got incompatible shapes for broadcasting: %s.", what, list ? list : "");
    base_free(list);
    return false;
}

bool numpy_broadcast_shapes(const char *what, int64_t n, const ct_ints *shapes, dimlist *common)
{
    common->n = 0;
    for (int64_t i = 0; i < n; i++)
        common->n = shapes[i].n > common->n ? shapes[i].n : common->n;
    if (common->n > NUMPY_MAX_NDIM)
        return dimlist_copy(common, what, (ct_ints){common->n, NULL});
    for (int64_t d = 0; d < common->n; d++)
        common->at[d] = 1;
    for (int64_t i = 0; i < n; i++)
        for (int64_t d = 0, first = common->n - shapes[i].n; d < shapes[i].n; d++) {
            int64_t size = shapes[i].at[d], *one = &common->at[first + d];
            if (size == 1 || size == *one)
                continue;
            if (*one != 1)
                return shapes_clash(what, n, shapes);
            *one = size;
        }
    return true;
}

bool numpy_broadcast_shape(const char *what, int64_t n, const ct_array *in, dimlist *shape)
{
    enum { FEW = 8 };
    ct_ints few[FEW] = {{0, NULL}},
            *shapes = n > FEW ? base_alloc((size_t)n * sizeof *shapes) : few;
    if (!shapes)
        return false;
    for (int64_t i = 0; i < n; i++)
        shapes[i] = shape_of(in[i]);
    bool good = numpy_broadcast_shapes(what, n, shapes, shape);
    if (n > FEW)
        base_free(shapes);
    return good;
}

/* x with leading axes of size one. */
static ct_array raise_rank(ct_array x, int64_t ndim)
{
    int64_t old = x->aval.ndim, shape[NUMPY_MAX_NDIM], where[NUMPY_MAX_NDIM];
    for (int64_t d = 0; d < ndim - old; d++)
        shape[d] = 1;
    for (int64_t d = 0; d < old; d++) {
        shape[ndim - old + d] = x->aval.shape[d];
        where[d] = ndim - old + d;
    }
    return op_broadcast_in_dim(x, (ct_ints){ndim, shape}, (ct_ints){old, where});
}

numpy_ranks numpy_rank_promotion = RANKS_ALLOWED;

/* Under the option jax_numpy_rank_promotion: a warning, or false and a ValueError. */
static bool ranks_may_differ(const char *what, int64_t n, const ct_array *in)
{
    if (numpy_rank_promotion == RANKS_ALLOWED)
        return true;
    const char *more = "see https://docs.jax.dev/en/latest/rank_promotion_warning.html.";
    bool refused = numpy_rank_promotion == RANKS_REFUSED;
    text t = {0};
    text_add(&t,
             refused ? "Operands could not be broadcast together for %s on shapes"
                     : "Following NumPy automatic rank promotion for %s on shapes",
             what);
    for (int64_t i = 0; i < n; i++) {
        text_add(&t, " ");
        add_shape(&t, shape_of(in[i]));
    }
    text_add(&t,
             refused ? " and with the config option jax_numpy_rank_promotion='raise'. For more "
                       "information, %s"
                     : ". Set the jax_numpy_rank_promotion config option to 'allow' to disable "
                       "this warning; for more information, %s",
             more);
    char *message = text_end(&t);
    bool good = message && !refused && base_warn(message);
    if (message && refused)
        base_fail(CT_VALUE_ERROR, "%s", message);
    base_free(message);
    return good;
}

bool numpy_match_ranks(const char *what, int64_t n, const ct_array *in, ct_array *out)
{
    int64_t ndim = 0;
    for (int64_t i = 0; i < n; i++)
        ndim = in[i]->aval.ndim > ndim ? in[i]->aval.ndim : ndim;
    dimlist common;
    bool asked = false;
    for (int64_t i = 0; i < n; i++) {
        if (in[i]->aval.ndim == ndim || !in[i]->aval.ndim) {
            out[i] = in[i];
            continue;
        }
        if (!asked && !(asked = ranks_may_differ(what, n, in)))
            return false;
        if (!numpy_broadcast_shape(what, n, in, &common) ||
            is_poison(out[i] = raise_rank(in[i], ndim)))
            return false;
    }
    return true;
}

/* broadcast_in_dim of x to a shape it fits. */
static ct_array broadcast_to(ct_array x, ct_ints shape)
{
    if (ints_equal(shape_of(x), shape))
        return x;
    int64_t where[NUMPY_MAX_NDIM], shift = shape.n - x->aval.ndim;
    for (int64_t d = 0; d < x->aval.ndim; d++)
        where[d] = shift + d;
    return op_broadcast_in_dim(x, shape, (ct_ints){x->aval.ndim, where});
}

bool numpy_broadcast(const char *what, int64_t n, const ct_array *in, ct_array *out)
{
    dimlist common;
    if (!numpy_broadcast_shape(what, n, in, &common))
        return false;
    for (int64_t i = 0; i < n; i++)
        if (is_poison(out[i] = broadcast_to(in[i], dimlist_ints(&common))))
            return false;
    return true;
}

static bool fits(ct_ints from, ct_ints to)
{
    for (int64_t d = 0, shift = to.n - from.n; d < from.n; d++)
        if (from.at[d] != 1 && from.at[d] != to.at[shift + d])
            return false;
    return from.n <= to.n;
}

ct_array numpy_broadcast_one(const char *what, ct_array x, ct_ints shape)
{
    if (shape.n <= NUMPY_MAX_NDIM && shape.n >= x->aval.ndim && fits(shape_of(x), shape))
        return broadcast_to(x, shape);
    text from = {0}, to = {0};
    add_shape(&from, shape_of(x));
    add_shape(&to, shape);
    char *a = text_end(&from), *b = text_end(&to);
    ct_fail(CT_VALUE_ERROR, "%s: incompatible shapes for broadcasting: %s and requested shape %s",
            what, a ? a : "", b ? b : "");
    base_free(a);
    base_free(b);
    return array_poison;
}

bool numpy_axis(const char *what, int64_t axis, int64_t ndim, int64_t *out)
{
    const char *name = axis < -ndim ? core_numbered_axis(axis) : NULL;
    if (name) {
        base_fail(CT_TYPE_ERROR, "%s: 'str' object cannot be interpreted as an integer: axis '%s'",
                  what, name);
        return false;
    }
    if (axis < -ndim || axis >= ndim) {
        base_fail(CT_VALUE_ERROR, "%s: axis %lld is out of bounds for array of dimension %lld",
                  what, (long long)axis, (long long)ndim);
        return false;
    }
    *out = axis < 0 ? axis + ndim : axis;
    return true;
}

bool numpy_axes_ordered(const char *what, ct_ints axes, int64_t ndim, dimlist *out)
{
    bool seen[NUMPY_MAX_NDIM] = {false};
    if (!axes.n && !axes.at) {
        out->n = ndim;
        for (int64_t d = 0; d < ndim; d++)
            out->at[d] = d;
        return true;
    }
    out->n = 0;
    for (int64_t i = 0; i < axes.n; i++) {
        int64_t d;
        if (!numpy_axis(what, axes.at[i], ndim, &d))
            return false;
        if (seen[d]) {
            base_fail(CT_VALUE_ERROR, "%s: duplicate value in 'axis': %lld", what,
                      (long long)axes.at[i]);
            return false;
        }
        seen[d] = true;
        out->at[out->n++] = d;
    }
    return true;
}

bool numpy_axes(const char *what, ct_ints axes, int64_t ndim, dimlist *out)
{
    if (!numpy_axes_ordered(what, axes, ndim, out))
        return false;
    for (int64_t i = 1; i < out->n; i++)
        for (int64_t k = i; k > 0 && out->at[k - 1] > out->at[k]; k--) {
            int64_t t = out->at[k];
            out->at[k] = out->at[k - 1];
            out->at[k - 1] = t;
        }
    return true;
}

bool numpy_axes_and_names(const char *what, ct_ints axes, int64_t ndim, dimlist *out,
                          axis_names *names)
{
    dimlist counted = {.n = 0};
    size_t used = 0;
    names->text[0] = 0;
    for (int64_t i = 0; i < axes.n; i++) {
        const char *name = core_numbered_axis(axes.at[i]);
        if (name)
            used += (size_t)snprintf(names->text + used, sizeof names->text - used, "%s%s",
                                     used ? "," : "", name);
        else if (counted.n < NUMPY_MAX_NDIM)
            counted.at[counted.n++] = axes.at[i];
        if (used >= sizeof names->text)
            return base_fail(CT_VALUE_ERROR, "%s: the names of the axes are too long", what), false;
    }
    return numpy_axes(what, used ? dimlist_ints(&counted) : axes, ndim, out);
}

int64_t numpy_axes_size(ct_array a, const dimlist *axes, const axis_names *names)
{
    int64_t size = names && names->text[0] ? op_axis_size(names->text) : 1;
    for (int64_t i = 0; i < axes->n; i++)
        size *= a->aval.shape[axes->at[i]];
    return size;
}
