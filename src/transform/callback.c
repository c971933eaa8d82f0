/* pure_callback, io_callback, debug_callback and debug_print: a function of the host called with
 * concrete arrays while a program runs. The public functions are at the end.
 *
 * Derivatives of results are refused; effects without results happen once, with the primals. Under
 * vmap an effect happens for each element in turn; what a pure callback does is its vmap_method. */
#include <stdio.h>

#include "transform/callback.h"

#include "cotan/control.h"
#include "ops/ops.h"
#include "transform/transform.h"

#define FIELD(name, kind)                                                                          \
    {                                                                                              \
#name, kind, offsetof(params_callback, name)                                               \
    }
static const param_field pure_fields[] = {
    FIELD(callback, PARAM_FN),
    {"result_avals", PARAM_AVALS, offsetof(params_callback, results)},
    {"sharding", PARAM_NONE, 0},
    FIELD(vmap_method, PARAM_STRING)};
static const param_field io_fields[] = {
    FIELD(callback, PARAM_FN),
    FIELD(ordered, PARAM_BOOL),
    {"result_avals", PARAM_AVALS, offsetof(params_callback, results)},
    {"sharding", PARAM_NONE, 0}};
static const param_field debug_fields[] = {FIELD(callback, PARAM_FN), FIELD(effect, PARAM_STRING),
                                           FIELD(partitioned, PARAM_BOOL)};
static const param_field print_fields[] = {FIELD(callback, PARAM_FN),
                                           {"fmt", PARAM_STRING, offsetof(params_callback, format)},
                                           FIELD(ordered, PARAM_BOOL),
                                           FIELD(partitioned, PARAM_BOOL)};

static bool abstract(const op *o, const void *params, int nin, const aval *in, int *nout, aval *out,
                     arena *a)
{
    const aval_list *results = &((const params_callback *)params)->results;
    (void)nin, (void)in;
    if (results->n > *nout)
        return base_fail(CT_VALUE_ERROR, "%s: more than %d results", o->name, *nout), false;
    *nout = (int)results->n;
    for (int i = 0; i < *nout; i++) {
        out[i] = results->at[i];
        if (!(out[i].shape = arena_copy(a, out[i].shape, (size_t)out[i].ndim * sizeof(int64_t))))
            return false;
    }
    return true;
}

/* ---- calling ---- */

static treedef *flat_def(int n)
{
    treedef **children = base_alloc((size_t)(n + 1) * sizeof *children), *def = NULL,
            *none = treedef_join((tree_node){.kind = TREE_DICT}, 0, NULL);
    if (children && none) {
        for (int i = 0; i < n; i++)
            children[i] = treedef_leaf();
        children[n] = none;
        def = treedef_join((tree_node){.kind = TREE_TUPLE}, n + 1, children);
    }
    object_release(none);
    base_free(children);
    return def;
}

/* The value as a result of this type; poison when it has another. */
static ct_array take(const op *o, ct_array value, const aval *want)
{
    if (is_array(value) && ints_equal(aval_shape(&value->aval), aval_shape(want)) &&
        dtype_canonical((ct_dtype)value->aval.dtype) == (ct_dtype)want->dtype)
        return value->aval.dtype == want->dtype && value->aval.weak == want->weak
                   ? value
                   : op_convert(value, (ct_dtype)want->dtype, want->weak);
    text t = {0};
    text_add(&t, "INTERNAL: CpuCallback error calling callback: the function of a %s returned ",
             o->name);
    aval_text(&t, &value->aval, false);
    text_add(&t, " where its result_shape_dtypes say ");
    aval_text(&t, want, false);
    char *s = text_end(&t);
    base_fail(CT_CALLBACK_ERROR, "%s", s ? s : "a callback returned another type than declared");
    base_free(s);
    return array_poison;
}

static bool call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                 ct_array *out)
{
    const params_callback *p = params;
    treedef *def = flat_def(nin), *out_def = NULL;
    int64_t n = 0;
    ct_array *values = NULL;
    bool good = def && fn_call(p->callback, def, nin, in, &out_def, &n, &values) && ct_ok();
    if (good && o->flags & OP_EFFECT && !nout)
        n = 0; /* what an effect returns is dropped */
    if (good && n != nout) {
        base_fail(CT_VALUE_ERROR, "the function of a %s returned %lld values, not %d", o->name,
                  (long long)n, nout);
        good = false;
    }
    for (int i = 0; i < nout && good; i++)
        good = !is_poison(out[i] = take(o, values[i], &p->results.at[i]));
    object_release(def);
    object_release(out_def);
    base_free(values);
    return good;
}

static bool jvp(const op *o, const void *params, int nin, const ct_array *primals,
                const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    (void)tangents, (void)out_tangents;
    if (o == &op_row_pure_callback)
        base_fail(CT_VALUE_ERROR,
                  "Pure callbacks do not support JVP. Please use `jax.custom_jvp` to use callbacks "
                  "while taking gradients.");
    else if (o == &op_row_io_callback)
        base_fail(CT_VALUE_ERROR, "IO callbacks do not support JVP.");
    else
        core_bind(o, params, nin, primals, nout, out);
    return ct_ok();
}

/* ---- batching ---- */

/* One call after the other, in a scan while a program is written. */
typedef struct element {
    const op *op;
    const params_callback *p;
    int nin;
    const ct_array *in;
    const int *dims;
} element;

static ct_tree call_element(void *env, int n, const ct_tree *args)
{
    const element *e = env;
    (void)n;
    const ct_array *mapped;
    int nout = (int)e->p->results.n;
    tree_leaves(&args[1], &mapped);
    ct_array *in = base_alloc((size_t)(e->nin + nout + 1) * sizeof *in), *out = in + e->nin;
    if (!in)
        return array_poison;
    for (int i = 0, k = 0; i < e->nin; i++)
        in[i] = e->dims[i] == NOT_MAPPED ? e->in[i] : mapped[k++];
    core_bind(e->op, e->p, e->nin, in, nout, out);
    ct_tree ys = values_good(nout, out) && ct_ok() ? ct_tuple_(nout, out) : array_poison;
    base_free(in);
    return ct_tuple_(2, (ct_tree[]){args[0], ys});
}

static bool map_in_scan(const element *e, int64_t size, int nout, ct_array *out)
{
    ct_array *mapped = base_alloc((size_t)(e->nin + 1) * sizeof *mapped);
    int n = 0;
    bool good = mapped != NULL;
    for (int i = 0; i < e->nin && good; i++)
        if (e->dims[i] != NOT_MAPPED)
            good = !is_poison(mapped[n++] = batch_front(e->in[i], e->dims[i], size));
    ct_fn step = good ? ct_closure(call_element, (void *)(uintptr_t)e, NULL, e->op->name) : NULL;
    ct_fn scan = step ? ct_scan_(&(ct_scan_args){.f = step, .length = size}) : NULL;
    ct_tree nothing = ct_tuple_(0, NULL);
    ct_tree result =
        scan ? ct_call_(scan, 2, (ct_tree[]){nothing, ct_tuple_(n, mapped)}) : array_poison;
    base_free(mapped);
    if (is_poison(result) || !ct_ok())
        return false;
    const ct_array *values;
    if (tree_leaves(&result, &values) != nout)
        return false;
    memcpy(out, values, (size_t)nout * sizeof *out);
    return true;
}

/* x[k] along the first axis. */
static ct_array row(ct_array x, int64_t k)
{
    int64_t few[32], *start = few, *limit = few + 16, ndim = x->aval.ndim;
    if (ndim > 16 && !(start = base_alloc((size_t)(2 * ndim) * sizeof *start)))
        return array_poison;
    if (ndim > 16)
        limit = start + ndim;
    for (int64_t i = 0; i < ndim; i++) {
        start[i] = i ? 0 : k;
        limit[i] = i ? x->aval.shape[i] : k + 1;
    }
    ct_array y =
        op_squeeze(op_slice(x, (ct_ints){ndim, start}, (ct_ints){ndim, limit}, (ct_ints){0}), I(0));
    if (start != few)
        base_free(start);
    return y;
}

static bool map_unrolled(const element *e, int64_t size, int nout, ct_array *out)
{
    ct_array *in = base_alloc((size_t)(2 * e->nin + nout + nout * size + 1) * sizeof *in),
             *front = in + e->nin, *result = front + e->nin, *rows = result + nout;
    bool good = in != NULL;
    for (int i = 0; i < e->nin && good; i++)
        good = !is_poison(front[i] = e->dims[i] == NOT_MAPPED
                                         ? e->in[i]
                                         : batch_front(e->in[i], e->dims[i], size));
    for (int64_t k = 0; k < size && good; k++) {
        for (int i = 0; i < e->nin; i++)
            in[i] = e->dims[i] == NOT_MAPPED ? e->in[i] : row(front[i], k);
        core_bind(e->op, e->p, e->nin, in, nout, result);
        for (int j = 0; j < nout; j++)
            rows[j * size + k] = op_expand_dims(result[j], I(0));
        good = ct_ok();
    }
    for (int j = 0; j < nout && good; j++)
        good = !is_poison(out[j] = op_concatenate(size, rows + j * size, 0));
    base_free(in);
    return good;
}

static bool map_sequentially(const element *e, bool unrolled, int64_t size, int nout, ct_array *out,
                             int *out_dims)
{
    for (int j = 0; j < nout; j++)
        out_dims[j] = 0;
    return size && (unrolled || !core_current) ? map_unrolled(e, size, nout, out)
                                               : map_in_scan(e, size, nout, out);
}

/* One call on arrays that all have the mapped axis in front, or may. */
static bool map_at_once(const element *e, bool expand, bool broadcast, int64_t size, int nout,
                        ct_array *out, int *out_dims)
{
    arena scratch = {0};
    ct_array *in = base_alloc((size_t)(e->nin + 1) * sizeof *in);
    params_callback p = *e->p;
    aval *results = arena_alloc(&scratch, (size_t)(nout + 1) * sizeof *results);
    bool good = in && results;
    for (int i = 0; i < e->nin && good; i++) {
        if (e->dims[i] != NOT_MAPPED || broadcast)
            in[i] = batch_front(e->in[i], e->dims[i], size);
        else
            in[i] = expand ? op_expand_dims(e->in[i], I(0)) : e->in[i];
        good = !is_poison(in[i]);
    }
    for (int j = 0; j < nout && good; j++) {
        const aval *one = &e->p->results.at[j];
        int64_t *shape = arena_alloc(&scratch, (size_t)(one->ndim + 1) * sizeof *shape);
        if (!(good = shape != NULL))
            break;
        shape[0] = size;
        memcpy(shape + 1, one->shape, (size_t)one->ndim * sizeof *shape);
        results[j] = *one;
        results[j].shape = shape;
        results[j].ndim++;
        out_dims[j] = 0;
    }
    if (good) {
        p.results = (aval_list){nout, results};
        core_bind(e->op, &p, e->nin, in, nout, out);
        good = values_good(nout, out) && ct_ok();
    }
    base_free(in);
    arena_free(&scratch);
    return good;
}

static const char *const methods[] = {NULL,          "sequential",    "sequential_unrolled",
                                      "expand_dims", "broadcast_all", "legacy_vectorized"};

const char *vmap_method_name(ct_vmap_method m) { return methods[m]; }

static ct_vmap_method method_of(const params_callback *p)
{
    for (size_t m = 1; m < countof(methods) && p->vmap_method; m++)
        if (!strcmp(p->vmap_method, methods[m]))
            return (ct_vmap_method)m;
    return CT_VMAP_REFUSED;
}

static bool vmap_pure(const op *o, const void *params, batch b, int nin, const ct_array *in,
                      const int *dims, int nout, ct_array *out, int *out_dims)
{
    element e = {o, params, nin, in, dims};
    ct_vmap_method m = method_of(params);
    switch (m) {
    case CT_VMAP_SEQUENTIAL:
    case CT_VMAP_SEQUENTIAL_UNROLLED:
        return map_sequentially(&e, m == CT_VMAP_SEQUENTIAL_UNROLLED, b.size, nout, out, out_dims);
    case CT_VMAP_EXPAND_DIMS:
    case CT_VMAP_BROADCAST_ALL:
    case CT_VMAP_LEGACY_VECTORIZED:
        return map_at_once(&e, m == CT_VMAP_EXPAND_DIMS, m == CT_VMAP_BROADCAST_ALL, b.size, nout,
                           out, out_dims);
    case CT_VMAP_REFUSED:
        break;
    }
    base_fail(CT_NOT_IMPLEMENTED_ERROR,
              "vmap is only supported for the pure_callback primitive when vmap_method is one of "
              "'sequential', 'sequential_unrolled', 'expand_dims', 'broadcast_all', or "
              "'legacy_vectorized'. Got vmap_method=None.");
    return false;
}

static bool vmap_effect(const op *o, const void *params, batch b, int nin, const ct_array *in,
                        const int *dims, int nout, ct_array *out, int *out_dims)
{
    const params_callback *p = params;
    if (o == &op_row_io_callback && p->ordered)
        return base_fail(CT_VALUE_ERROR, "Cannot `vmap` ordered IO callback."), false;
    return map_sequentially(&(element){o, p, nin, in, dims}, false, b.size, nout, out, out_dims);
}

static uint32_t effects_of(const op *o, const void *params)
{
    bool ordered = ((const params_callback *)params)->ordered;
    if (o == &op_row_io_callback)
        return ordered ? EFFECT_ORDERED_IO : EFFECT_IO;
    return ordered ? EFFECT_ORDERED_DEBUG : EFFECT_DEBUG;
}

#define ROW(id, more, list, batching, ...)                                                         \
    const op op_row_##id = {.name = #id,                                                           \
                            .flags = OP_MULTIPLE | OP_HOST | (more),                               \
                            .code = OP_##id,                                                       \
                            .operands = ANY_OPERANDS,                                              \
                            .fields = list,                                                        \
                            .nfields = countof(list),                                              \
                            .params_size = sizeof(params_callback),                                \
                            .abstract = abstract,                                                  \
                            .fits = callback_fits,                                                 \
                            .call = call,                                                          \
                            .jvp = jvp,                                                            \
                            .vmap = batching,                                                      \
                            __VA_ARGS__}
ROW(pure_callback, 0, pure_fields, vmap_pure, );
ROW(io_callback, OP_EFFECT, io_fields, vmap_effect, .effects = effects_of);
ROW(debug_callback, OP_EFFECT, debug_fields, vmap_effect, .effects = effects_of);
ROW(debug_print, OP_EFFECT, print_fields, vmap_effect, .effects = effects_of);

bool callback_bind(const op *o, params_callback *p, int nin, const ct_array *in, ct_array *out)
{
    p->effect = p->ordered ? "OrderedDebug" : "Debug";
    core_bind(o, p, nin, in, (int)p->results.n, out);
    return values_good(p->results.n, out) && ct_ok();
}

/* ---- functions of trees ---- */

/* Calls a function of trees with flat values, and checks the structure of what it returns. */
typedef struct tree_callback {
    struct ct_function head;
    ct_fn f;
    treedef *in_def, *out_def; /* out_def NULL: the result is dropped */
    const char *format;        /* of debug_print, which has no f */
} tree_callback;

static bool tree_callback_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                               treedef **out_def, int64_t *nout, ct_array **out)
{
    tree_callback *c = (tree_callback *)base;
    (void)in_def;
    if (!fn_call(c->f, c->in_def, nin, in, out_def, nout, out))
        return false;
    if (!c->out_def || treedef_equal(c->out_def, *out_def))
        return true;
    text t = {0};
    text_add(&t, "the function %s of a callback returned ", fn_name(c->f));
    treedef_text(&t, *out_def);
    text_add(&t, " where its result was declared as ");
    treedef_text(&t, c->out_def);
    char *s = text_end(&t);
    base_fail(CT_VALUE_ERROR, "%s", s ? s : "a callback returned another structure");
    base_free(s);
    return false;
}

static ct_fn tree_callback_of(ct_fn f) { return ((tree_callback *)f)->f; }

static void tree_callback_destroy(ct_fn f)
{
    tree_callback *c = (tree_callback *)f;
    object_release(c->f);
    object_release(c->in_def);
    object_release(c->out_def);
}

static const fn_class tree_callback_class = {
    .call = tree_callback_call, .of = tree_callback_of, .destroy = tree_callback_destroy};

/* Binds the operation with f of trees; `like` NULL: no results. */
static ct_tree bind_trees(const op *o, params_callback *p, ct_fn f, ct_tree like, int n,
                          const ct_tree *args)
{
    int64_t nin;
    ct_array *in = NULL;
    treedef *def = f && (!like || !is_poison(like)) ? fn_pack(n, args, &nin, &in) : NULL;
    if (!def)
        return array_poison;
    tree_callback *c = (tree_callback *)fn_new(&tree_callback_class, sizeof *c);
    const ct_array *likes = NULL;
    int64_t nout = like ? tree_leaves(&like, &likes) : 0;
    aval *results = base_alloc((size_t)(nout + 1) * sizeof *results);
    ct_array *out = base_alloc((size_t)(nout + 1) * sizeof *out);
    ct_tree result = array_poison;
    if (c) {
        object_retain(f);
        c->f = f;
        c->in_def = def;
        def = NULL;
        c->out_def = like ? (treedef *)(uintptr_t)tree_def(like) : NULL;
        if (like)
            object_retain(c->out_def);
    }
    if (c && results && out) {
        for (int64_t i = 0; i < nout; i++) {
            results[i] = likes[i]->aval;
            results[i].weak = false;
        }
        p->callback = &c->head;
        p->results = (aval_list){nout, results};
        if (callback_bind(o, p, (int)nin, in, out))
            result = like ? tree_new(c->out_def, nout, out) : NULL;
    }
    object_release(def);
    base_free(results);
    base_free(out);
    base_free(in);
    return result;
}

ct_tree ct_pure_callback_(ct_fn f, ct_tree like, ct_vmap_method method, int n, const ct_tree *args)
{
    return bind_trees(&op_row_pure_callback,
                      &(params_callback){.vmap_method = vmap_method_name(method)}, f, like, n,
                      args);
}

ct_tree ct_io_callback_(ct_fn f, ct_tree like, bool ordered, int n, const ct_tree *args)
{
    return bind_trees(&op_row_io_callback, &(params_callback){.ordered = ordered}, f, like, n,
                      args);
}

void ct_debug_callback_(ct_fn f, int n, const ct_tree *args)
{
    bind_trees(&op_row_debug_callback, &(params_callback){0}, f, NULL, n, args);
}

/* ---- debug_print ---- */

/* One replacement field, from behind its brace: "}" or "2}". Moves *at behind it; -1 when it is
 * neither. */
static int field(const char **at, int *next)
{
    int i = 0;
    const char *s = *at;
    if (*s == '}') {
        ++*at;
        return (*next)++;
    }
    for (; *s >= '0' && *s <= '9' && i < 1000; s++)
        i = 10 * i + (*s - '0');
    if (s == *at || *s != '}')
        return -1;
    *at = s + 1;
    return i;
}

/* The line with arguments in place of the fields; false for a format that does not fit them. args
 * NULL: only looks. */
static bool format_line(text *t, const char *format, int n, const ct_tree *args)
{
    int next = 0;
    for (const char *s = format; *s;) {
        if ((*s == '{' || *s == '}') && s[1] == *s) {
            text_bytes(t, s, 1);
            s += 2;
        } else if (*s == '{') {
            s++;
            int i = field(&s, &next);
            if (i < 0 || i >= n)
                return false;
            if (args && is_array(args[i]))
                array_text(t, args[i], false);
            else if (args)
                tree_text(t, args[i], false);
        } else if (*s == '}') {
            return false;
        } else {
            text_bytes(t, s++, 1);
        }
    }
    return true;
}

static ct_tree print_line(void *env, int n, const ct_tree *args)
{
    text t = {0};
    format_line(&t, env, n, args);
    char *line = text_end(&t);
    if (!line)
        return array_poison;
    puts(line);
    fflush(stdout);
    base_free(line);
    return ct_tuple_(0, NULL);
}

void ct_debug_print_(const char *format, int n, const ct_tree *args)
{
    text unused = {0};
    bool fits = format_line(&unused, format, n, NULL);
    vec_free(&unused);
    if (!fits) {
        base_fail(CT_INDEX_ERROR,
                  "ct_debug_print: \"%s\" does not fit %d arguments; its fields are {} or {number}",
                  format, n);
        return;
    }
    size_t bytes = strlen(format) + 1;
    char *copy = base_alloc(bytes);
    if (!copy)
        return;
    memcpy(copy, format, bytes);
    ct_fn f = ct_closure(print_line, copy, base_free, "debug_print");
    if (!f) {
        base_free(copy);
        return;
    }
    bind_trees(&op_row_debug_print, &(params_callback){.format = format}, f, NULL, n, args);
}
