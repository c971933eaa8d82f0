/* Functions that can be transformed: C functions and closures, and calling any of them on trees.
 * Host languages bring their own fn_class. */
#include "core/core.h"
#include "cotan/transform.h"

bool fn_call(ct_fn f, const treedef *in_def, int64_t nin, const ct_array *in, treedef **out_def,
             int64_t *nout, ct_array **out)
{
    *out_def = NULL;
    *out = NULL;
    *nout = 0;
    for (int64_t i = 0; i < nin; i++)
        if (is_poison(in[i]))
            return false;
    if (base_has_stack() && f->class->call(f, in_def, nin, in, out_def, nout, out))
        return true;
    object_release(*out_def);
    base_free(*out);
    *out_def = NULL;
    *out = NULL;
    return false;
}

const char *fn_name(ct_fn f)
{
    while (!f->class->name && f->class->of)
        f = f->class->of(f);
    const char *name = f->class->name ? f->class->name(f) : NULL;
    return name ? name : "<unnamed function>";
}

const source_line *fn_where(ct_fn f)
{
    while (!f->class->where && f->class->of)
        f = f->class->of(f);
    return f->class->where ? f->class->where(f) : NULL;
}

void fn_argument(ct_fn f, int64_t i, const char *keyword, text *out)
{
    while (!f->class->argument && f->class->of)
        f = f->class->of(f);
    if (f->class->argument)
        f->class->argument(f, i, keyword, out);
    else if (keyword)
        text_add(out, "%s", keyword);
    else
        text_add(out, "args[%lld]", (long long)i);
}

/* The key of a keyword argument without its quotes. */
static char *keyword_of(const tree_node *keywords, int64_t k)
{
    text quoted = {0}, bare = {0};
    treedef_key_text(&quoted, keywords, k);
    if (quoted.n > 2)
        text_bytes(&bare, quoted.at + 1, (size_t)quoted.n - 2);
    vec_free(&quoted);
    return text_end(&bare);
}

/* Writes the path to a leaf below children i = 0, 1, ... of the definition; false when there is no
 * such leaf. */
static bool path_below(ct_fn f, const treedef *d, int64_t nchildren, bool keywords, int64_t leaf,
                       text *out)
{
    for (int64_t i = 0; i < nchildren; i++) {
        int64_t first, n;
        treedef *child = treedef_child(d, i, &first, &n);
        bool here = child && leaf >= first && leaf < first + n;
        if (here) {
            char *keyword = keywords ? keyword_of(&d->nodes[d->count - 1], i) : NULL;
            fn_argument(f, i, keyword, out);
            base_free(keyword);
            treedef_path(out, child, leaf - first);
        }
        object_release(child);
        if (here)
            return true;
    }
    return false;
}

void fn_leaf_path(ct_fn f, const treedef *in_def, int64_t leaf, text *out)
{
    int64_t n = in_def->nodes[in_def->count - 1].arity - 1, first, count;
    if (path_below(f, in_def, n, false, leaf, out))
        return;
    treedef *keywords = treedef_child(in_def, n, &first, &count);
    if (keywords)
        path_below(f, keywords, keywords->nodes[keywords->count - 1].arity, true, leaf - first,
                   out);
    object_release(keywords);
}

static void function_destroy(object *o)
{
    ct_fn f = (ct_fn)o;
    if (f->class->destroy)
        f->class->destroy(f);
    base_free(f);
}
static const object_class function_object_class = {function_destroy};

/* A zeroed function of this size and class, owned by the current scope; NULL on failure. */
ct_fn fn_new(const fn_class *class, size_t size)
{
    ct_fn f = base_zalloc(size);
    if (!f)
        return NULL;
    f->head = (object){&function_object_class, 1, KIND_FUNCTION};
    f->class = class;
    return scope_own(f) ? f : NULL;
}

ct_fn ct_retain_fn(ct_fn f)
{
    if (f)
        object_retain(f);
    return f;
}

void ct_release_fn(ct_fn f) { object_release(f); }

/* The tree's definition and a copy of its leaves, as fn_class.call returns them. */
bool fn_return(ct_tree result, treedef **out_def, int64_t *nout, ct_array **out)
{
    if (!result || is_poison(result)) {
        if (ct_ok())
            base_fail(CT_TYPE_ERROR,
                      "a function returned no value; every path must return an array or a tree");
        return false;
    }
    const ct_array *leaves;
    *nout = tree_leaves(&result, &leaves);
    *out = base_alloc((size_t)(*nout + 1) * sizeof **out);
    if (!*out)
        return false;
    memcpy(*out, leaves, (size_t)*nout * sizeof **out);
    *out_def = (treedef *)(uintptr_t)tree_def(result);
    object_retain(*out_def);
    return true;
}

/* Positional arguments of a flattened call as trees of the current scope. At most `most`. */
bool fn_arguments(ct_fn f, const treedef *in_def, const ct_array *in, int most, int *n,
                  ct_tree *args)
{
    const tree_node *root = &in_def->nodes[in_def->count - 1];
    int64_t count = root->arity - 1; /* the last child is the dict of keywords */
    int64_t first, leaves;
    treedef *keywords = treedef_child(in_def, count, &first, &leaves);
    bool plain = keywords && keywords->nodes[keywords->count - 1].arity == 0;
    object_release(keywords);
    if (!plain || count > most) {
        base_fail(
            CT_TYPE_ERROR,
            "%s is a C function: it takes up to %d positional arguments and no keyword arguments",
            fn_name(f), most);
        return false;
    }
    for (int64_t i = 0; i < count; i++) {
        treedef *child = treedef_child(in_def, i, &first, &leaves);
        if (!child)
            return false;
        args[i] = tree_new(child, leaves, in + first);
        object_release(child);
        if (is_poison(args[i]))
            return false;
    }
    *n = (int)count;
    return true;
}

/* ---- C functions ---- */

enum { MOST_ARGUMENTS = 8 };

typedef struct c_function {
    struct ct_function head;
    ct_c_function f;
    ct_tree (*closure)(void *env, int n, const ct_tree *args);
    void *env;
    void (*done)(void *env);
    int arity;
    const char *name;
} c_function;

static ct_tree invoke(const c_function *c, int n, const ct_tree *a)
{
    switch (n) {
    case 1:
        return ((ct_f1 *)c->f)(a[0]);
    case 2:
        return ((ct_f2 *)c->f)(a[0], a[1]);
    case 3:
        return ((ct_f3 *)c->f)(a[0], a[1], a[2]);
    case 4:
        return ((ct_f4 *)c->f)(a[0], a[1], a[2], a[3]);
    case 5:
        return ((ct_f5 *)c->f)(a[0], a[1], a[2], a[3], a[4]);
    case 6:
        return ((ct_f6 *)c->f)(a[0], a[1], a[2], a[3], a[4], a[5]);
    }
    return ct_fail(CT_TYPE_ERROR, "C functions of %d arguments are not supported; use ct_closure",
                   n);
}

static bool c_function_call(ct_fn f, const treedef *in_def, int64_t nin, const ct_array *in,
                            treedef **out_def, int64_t *nout, ct_array **out)
{
    (void)nin;
    const c_function *c = (const c_function *)f;
    ct_tree args[MOST_ARGUMENTS];
    int n;
    if (!fn_arguments(f, in_def, in, MOST_ARGUMENTS, &n, args))
        return false;
    if (c->f && n != c->arity) {
        base_fail(CT_TYPE_ERROR, "%s takes %d arguments, but got %d", fn_name(f), c->arity, n);
        return false;
    }
    return fn_return(c->closure ? c->closure(c->env, n, args) : invoke(c, n, args), out_def, nout,
                     out) &&
           ct_ok();
}

static const char *c_function_name(ct_fn f) { return ((c_function *)f)->name; }

static void c_function_destroy(ct_fn f)
{
    c_function *c = (c_function *)f;
    if (c->done)
        c->done(c->env);
}

static const fn_class c_function_class = {
    .call = c_function_call, .name = c_function_name, .destroy = c_function_destroy};

bool fn_is(ct_fn f, void (*c)(void))
{
    return f->class == &c_function_class && ((c_function *)f)->f == c;
}

ct_fn ct_function_(ct_c_function f, int arity, const char *name)
{
    c_function *c = (c_function *)fn_new(&c_function_class, sizeof *c);
    if (!c)
        return NULL;
    c->f = f;
    c->arity = arity;
    c->name = name;
    return &c->head;
}

ct_fn ct_closure(ct_tree (*f)(void *env, int n, const ct_tree *args), void *env,
                 void (*done)(void *env), const char *name)
{
    c_function *c = (c_function *)fn_new(&c_function_class, sizeof *c);
    if (!c)
        return NULL;
    c->closure = f;
    c->env = env;
    c->done = done;
    c->name = name;
    return &c->head;
}

/* ---- calling with trees ---- */

/* The definition TUPLE(args..., DICT{}) and all leaves of positional arguments; *leaves is the
 * caller's to free. */
treedef *fn_pack(int64_t n, const ct_tree *args, int64_t *nin, ct_array **leaves)
{
    treedef **children = base_alloc((size_t)(n + 1) * sizeof *children);
    *leaves = NULL;
    int64_t total = 0;
    for (int64_t i = 0; i < n && children; i++) {
        if (!args[i] || is_poison(args[i])) {
            base_free(children);
            return NULL;
        }
        children[i] = (treedef *)(uintptr_t)tree_def(args[i]);
        total += treedef_leaves(children[i]);
    }
    treedef *keywords = children ? treedef_join((tree_node){.kind = TREE_DICT}, 0, NULL) : NULL,
            *def = NULL;
    if (keywords) {
        children[n] = keywords;
        def = treedef_join((tree_node){.kind = TREE_TUPLE}, n + 1, children);
    }
    object_release(keywords);
    base_free(children);
    *leaves = base_alloc((size_t)(total + 1) * sizeof **leaves);
    if (!def || !*leaves) {
        object_release(def);
        base_free(*leaves);
        *leaves = NULL;
        return NULL;
    }
    ct_array *next = *leaves;
    for (int64_t i = 0; i < n; i++) {
        const ct_array *at;
        int64_t count = tree_leaves(&args[i], &at);
        memcpy(next, at, (size_t)count * sizeof *at);
        next += count;
    }
    *nin = total;
    return def;
}

ct_tree ct_call_(ct_fn f, int n, const ct_tree *args)
{
    if (!f)
        return array_poison;
    int64_t nin, nout;
    ct_array *leaves, *out;
    treedef *out_def, *def = fn_pack(n, args, &nin, &leaves);
    if (!def)
        return array_poison;
    ct_scope scope = ct_begin();
    ct_tree result = array_poison;
    if (fn_call(f, def, nin, leaves, &out_def, &nout, &out)) {
        result = tree_new(out_def, nout, out);
        object_release(out_def);
        base_free(out);
    }
    object_release(def);
    base_free(leaves);
    return ct_end_(scope, result);
}
