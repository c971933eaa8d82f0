/* ct_vmap: which axis of which leaf is mapped, and how large the axis is. The interpreter is
 * vmap.c. */
#include "cotan/transform.h"
#include "ops/ops.h"
#include "ops/rules.h"
#include "transform/transform.h"

typedef struct mapped_fn {
    struct ct_function head;
    ct_fn f;
    int *in_at, *out_at; /* one entry an argument, when the lists below are used */
    int n_in, n_out;
    treedef *in_spec, *out_spec; /* prefix trees; NULL: the lists count */
    int64_t n_in_spec, n_out_spec;
    char *axis_name;
    int64_t axis_size;
} mapped_fn;

/* ---- prefix trees ---- */

/* Walks a prefix tree beside a full tree, both in post-order. */
typedef struct prefix_walk {
    const treedef *spec, *full;
    const int *axes; /* by leaf of spec */
    int *out;        /* by leaf of full */
    const char *what;
} prefix_walk;

static bool same_container(const tree_node *a, const tree_node *b)
{
    return a->kind == b->kind && a->arity == b->arity &&
           (a->kind != TREE_DICT || !a->host || !b->host || a->host->equal(a->data, b->data));
}

static bool fail_prefix(const prefix_walk *w)
{
    text t = {0};
    text_add(
        &t, "%s specification must be a tree prefix of the corresponding value, got specification ",
        w->what);
    treedef_text(&t, w->spec);
    text_add(&t, " for value tree ");
    treedef_text(&t, w->full);
    text_add(&t, ".");
    char *s = text_end(&t);
    base_fail(CT_VALUE_ERROR, "%s", s ? s : w->what);
    base_free(s);
    return false;
}

/* si, fi: positions of the subtrees' roots; sl, fl: their first leaves. */
static bool spread(const prefix_walk *w, int64_t si, int64_t sl, int64_t fi, int64_t fl)
{
    const tree_node *s = &w->spec->nodes[si], *f = &w->full->nodes[fi];
    if (s->kind == TREE_LEAF) {
        for (int64_t i = 0; i < f->leaves; i++)
            w->out[fl + i] = w->axes[sl];
        return true;
    }
    if (!same_container(s, f))
        return fail_prefix(w);
    int64_t s_child = si - 1, f_child = fi - 1, s_end = sl + s->leaves, f_end = fl + f->leaves;
    for (int64_t k = 0; k < s->arity; k++) {
        const tree_node *sc = &w->spec->nodes[s_child], *fc = &w->full->nodes[f_child];
        s_end -= sc->leaves;
        f_end -= fc->leaves;
        if (!spread(w, s_child, s_end, f_child, f_end))
            return false;
        s_child -= sc->nodes;
        f_child -= fc->nodes;
    }
    return true;
}

/* ---- axes of the arguments ---- */

static bool axes_of_arguments(const mapped_fn *m, const treedef *in_def, int64_t nin, int *dims)
{
    int64_t root = in_def->count - 1, args = in_def->nodes[root].arity - 1;
    int64_t child = root - 1 - in_def->nodes[root - 1].nodes,
            end = nin - in_def->nodes[root - 1].leaves;
    for (int64_t i = end; i < nin; i++)
        dims[i] = 0; /* keywords are mapped along their first axis */
    if (!m->in_spec && m->n_in > 1 && m->n_in != args) {
        base_fail(CT_VALUE_ERROR,
                  "vmap in_axes must be an int, None, or a tuple of entries corresponding to the "
                  "positional arguments passed to the function, but got "
                  "len(in_axes)=%d, len(args)=%lld",
                  m->n_in, (long long)args);
        return false;
    }
    const tree_node *spec_root = m->in_spec ? &m->in_spec->nodes[m->in_spec->count - 1] : NULL;
    bool per_argument = spec_root && spec_root->kind != TREE_LEAF;
    if (per_argument && spec_root->arity != args) {
        base_fail(CT_VALUE_ERROR,
                  "vmap in_axes must be an int, None, or a tuple of entries corresponding to the "
                  "positional arguments passed to the function, but got "
                  "len(in_axes)=%lld, len(args)=%lld",
                  (long long)spec_root->arity, (long long)args);
        return false;
    }
    int64_t spec_child = m->in_spec ? m->in_spec->count - 2 : 0,
            spec_end = spec_root ? spec_root->leaves : 0;
    for (int64_t k = args - 1; k >= 0; k--) {
        const tree_node *node = &in_def->nodes[child];
        end -= node->leaves;
        if (per_argument) {
            spec_end -= m->in_spec->nodes[spec_child].leaves;
            prefix_walk w = {m->in_spec, in_def, m->in_at, dims, "vmap in_axes"};
            if (!spread(&w, spec_child, spec_end, child, end))
                return false;
            spec_child -= m->in_spec->nodes[spec_child].nodes;
        } else {
            int axis = m->in_spec || m->n_in == 1 ? m->in_at[0] : m->n_in ? m->in_at[k] : 0;
            for (int64_t i = 0; i < node->leaves; i++)
                dims[end + i] = axis;
        }
        child -= node->nodes;
    }
    return true;
}

/* ---- sizes that disagree ---- */

static void axis_text(text *t, const mapped_fn *m, const treedef *in_def, int64_t leaf, ct_array a,
                      int axis)
{
    text_add(t, "axis %d of argument ", axis);
    fn_leaf_path(m->f, in_def, leaf, t);
    text_add(t, " of type ");
    aval_text(t, &a->aval, false);
}

typedef struct axis_size {
    int64_t size, first, count; /* the first leaf that has it, and how many do */
} axis_size;

/* The sizes of mapped axes with the most frequent one first, and of others those met first. */
static int collect_sizes(int64_t n, const ct_array *in, const int *dims, int most, axis_size *sizes)
{
    int found = 0, best = 0;
    for (int64_t i = 0; i < n; i++) {
        if (dims[i] == NOT_MAPPED)
            continue;
        int64_t size = in[i]->aval.shape[dims[i]];
        int k = 0;
        while (k < found && sizes[k].size != size)
            k++;
        if (k == most)
            continue;
        if (k == found)
            sizes[found++] = (axis_size){size, i, 0};
        best = ++sizes[k].count > sizes[best].count ? k : best;
    }
    axis_size first = sizes[best];
    memmove(sizes + 1, sizes, (size_t)best * sizeof *sizes);
    sizes[0] = first;
    return found;
}

/* The axes of the leaves differ in size, or from axis_size. */
static bool fail_sizes(const mapped_fn *m, const treedef *in_def, int64_t n, const ct_array *in,
                       const int *dims)
{
    enum { SHOWN = 8 };
    axis_size sizes[SHOWN];
    int found = collect_sizes(n, in, dims, SHOWN, sizes);
    text t = {0};
    text_add(&t, "vmap got inconsistent sizes for array axes to be mapped:");
    if (m->axis_size)
        text_add(&t, "\n  * the `axis_size` argument was %lld;", (long long)m->axis_size);
    for (int k = 0; k < found; k++) {
        const axis_size *s = &sizes[k];
        if (s->count == 1)
            text_add(&t, "\n  * one axis had size %lld: ", (long long)s->size);
        else
            text_add(&t, "\n  * %s axes (%lld of them) had size %lld, e.g. ", k ? "some" : "most",
                     (long long)s->count, (long long)s->size);
        axis_text(&t, m, in_def, s->first, in[s->first], dims[s->first]);
        text_add(&t, k + 1 < found ? ";" : "");
    }
    char *message = text_end(&t);
    base_fail(CT_VALUE_ERROR, "%s", message ? message : "vmap got inconsistent sizes");
    base_free(message);
    return false;
}

static bool fail_rank(const aval *a, int axis)
{
    base_fail(CT_VALUE_ERROR,
              "vmap was requested to map its argument along axis %d, which implies that its rank "
              "should be at least %d, but is only %d (its shape is %s)",
              axis, axis < 0 ? -axis : axis + 1, a->ndim, SHAPE(a));
    return false;
}

static bool measure(const mapped_fn *m, const treedef *in_def, int64_t nin, const ct_array *in,
                    int *dims, int64_t *size)
{
    *size = m->axis_size ? m->axis_size : -1;
    for (int64_t i = 0; i < nin; i++) {
        const aval *a = &in[i]->aval;
        int axis = dims[i];
        if (axis != NONE && (axis < -a->ndim || axis >= a->ndim))
            return fail_rank(a, axis);
        dims[i] = axis == NONE ? NOT_MAPPED : axis < 0 ? axis + a->ndim : axis;
    }
    for (int64_t i = 0; i < nin; i++) {
        if (dims[i] == NOT_MAPPED)
            continue;
        int64_t n = in[i]->aval.shape[dims[i]];
        if (*size >= 0 && n != *size)
            return fail_sizes(m, in_def, nin, in, dims);
        *size = n;
    }
    if (*size < 0) {
        base_fail(CT_VALUE_ERROR,
                  nin ? "vmap must have at least one non-None value in in_axes or axis_size must "
                        "be specified"
                      : "vmap wrapped function must be passed at least one argument containing an "
                        "array or axis_size must be specified, got no arrays");
        return false;
    }
    return true;
}

/* ---- calling ---- */

typedef struct mapped_call {
    mapped_fn *m;
    const treedef *in_def;
    treedef *out_def;
} mapped_call;

static bool run_mapped(void *env, int64_t n, const ct_array *in, leaves *out)
{
    mapped_call *c = env;
    object_release(c->out_def);
    return fn_call(c->m->f, c->in_def, n, in, &c->out_def, &out->n, &out->at);
}

static bool fail_mapped(const mapped_call *c, int64_t leaf, int have)
{
    text t = {0};
    treedef_path(&t, c->out_def, leaf);
    char *path = text_end(&t);
    if (c->m->axis_name)
        base_fail(CT_VALUE_ERROR, "vmap has mapped output%s (axis_name=%s) but out_axes is None",
                  path ? path : "", c->m->axis_name);
    else
        base_fail(CT_VALUE_ERROR,
                  "at vmap out_axes%s, got axis spec None but output was batched on axis %d",
                  path ? path : "", have);
    base_free(path);
    return false;
}

static bool axes_of_results(void *env, int64_t nout, const int *have, int *dims)
{
    mapped_call *c = env;
    const mapped_fn *m = c->m;
    const treedef *full = c->out_def;
    if (m->out_spec) {
        prefix_walk w = {m->out_spec, full, m->out_at, dims, "vmap out_axes"};
        if (!spread(&w, m->out_spec->count - 1, 0, full->count - 1, 0))
            return false;
    } else if (m->n_out > 1) {
        const tree_node *root = &full->nodes[full->count - 1];
        if (root->arity != m->n_out) {
            base_fail(CT_VALUE_ERROR, "vmap out_axes has %d entries, but %s returned %lld values",
                      m->n_out, fn_name(m->f), (long long)root->arity);
            return false;
        }
        int64_t child = full->count - 2, end = nout;
        for (int k = m->n_out - 1; k >= 0; k--) {
            end -= full->nodes[child].leaves;
            for (int64_t i = 0; i < full->nodes[child].leaves; i++)
                dims[end + i] = m->out_at[k];
            child -= full->nodes[child].nodes;
        }
    } else {
        for (int64_t i = 0; i < nout; i++)
            dims[i] = m->n_out ? m->out_at[0] : 0;
    }
    for (int64_t i = 0; i < nout; i++) {
        if (dims[i] == NONE && have[i] != NOT_MAPPED)
            return fail_mapped(c, i, have[i]);
        /* the interpreter counts -1 as "not mapped", so negative axes move below it */
        dims[i] = dims[i] == NONE ? NOT_MAPPED : dims[i] < 0 ? dims[i] - 1 : dims[i];
    }
    return true;
}

static bool mapped_fn_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                           treedef **out_def, int64_t *nout, ct_array **out)
{
    mapped_fn *m = (mapped_fn *)base;
    int *dims = base_alloc((size_t)(nin + 1) * sizeof *dims);
    int64_t size;
    mapped_call c = {m, in_def, NULL};
    leaves results = {0};
    bool good =
        dims && axes_of_arguments(m, in_def, nin, dims) && measure(m, in_def, nin, in, dims, &size);
    good = good && transform_vmap((flat){run_mapped, &c, fn_name(m->f), "vmap", m->f, in_def},
                                  (batch){size, m->axis_name, NULL}, nin, in, dims, axes_of_results,
                                  &c, &results);
    base_free(dims);
    if (!good) {
        object_release(c.out_def);
        return false;
    }
    *out_def = c.out_def;
    *nout = results.n;
    *out = results.at;
    return true;
}

static ct_fn mapped_fn_of(ct_fn f) { return ((mapped_fn *)f)->f; }

static void mapped_fn_destroy(ct_fn f)
{
    mapped_fn *m = (mapped_fn *)f;
    object_release(m->f);
    object_release(m->in_spec);
    object_release(m->out_spec);
    base_free(m->in_at);
    base_free(m->out_at);
    base_free(m->axis_name);
}

static const fn_class mapped_class = {
    .call = mapped_fn_call, .of = mapped_fn_of, .destroy = mapped_fn_destroy};

static bool copy_axes(ct_axes list, ct_axes_tree tree, int *n, int **at, treedef **spec)
{
    *n = list.n;
    *spec = (treedef *)(uintptr_t)tree.def;
    if (tree.def)
        object_retain(*spec);
    int64_t count = tree.def ? tree.n : list.n;
    *at = base_alloc((size_t)(count + 1) * sizeof **at);
    if (*at && count)
        memcpy(*at, tree.def ? tree.at : list.at, (size_t)count * sizeof **at);
    return *at != NULL;
}

ct_fn ct_vmap_(const ct_vmap_args *args)
{
    if (!args->f)
        return NULL;
    mapped_fn *m = (mapped_fn *)fn_new(&mapped_class, sizeof *m);
    if (!m)
        return NULL;
    object_retain(args->f);
    m->f = args->f;
    m->axis_size = args->axis_size;
    if (args->axis_name) {
        size_t bytes = strlen(args->axis_name) + 1;
        m->axis_name = base_alloc(bytes);
        if (!m->axis_name)
            return NULL;
        memcpy(m->axis_name, args->axis_name, bytes);
    }
    bool good = copy_axes(args->in_axes, args->in_tree, &m->n_in, &m->in_at, &m->in_spec) &&
                copy_axes(args->out_axes, args->out_tree, &m->n_out, &m->out_at, &m->out_spec);
    return good ? &m->head : NULL;
}
