/* Inner jits: a function marked jitted in its stub appears in a jaxpr as one equation,
 * jit[name=...], whose program is traced once for each combination of static arguments and argument
 * types. Outside of staging such a function simply runs.
 *
 * The argument struct is taken apart by its row of the binding table: arrays become inputs, the
 * rest is the key under which the program is remembered. Next: transform/stage.c, which does the
 * tracing. */
#include "api/call.h"

#include "ops/ops.h"
#include "transform/transform.h"

ct_array call_refuse(const char *function, int n, const ct_array *arrays)
{
    for (int i = 0; i < n; i++)
        if (arrays[i] && is_poison(arrays[i]))
            return array_poison;
    for (int i = 0; i < n; i++) {
        if (!arrays[i])
            return ct_fail(CT_TYPE_ERROR,
                           "%s requires ndarray or scalar arguments, got None at position %d.",
                           function, i);
        if (is_ref(arrays[i]))
            return ct_fail(CT_TYPE_ERROR,
                           "%s requires ndarray or scalar arguments, got a mutable array reference "
                           "at position %d; read its value with ref[...]",
                           function, i);
        if (is_tree(arrays[i])) {
            text t = {0};
            treedef_text(&t, arrays[i]->def);
            char *structure = text_end(&t);
            ct_fail(CT_TYPE_ERROR,
                    "%s requires ndarray or scalar arguments, got a container %s at position %d.",
                    function, structure ? structure : "", i);
            base_free(structure);
            return array_poison;
        }
    }
    return array_poison;
}

bool call_staging(void)
{
    for (const trace *t = core_current; t; t = t->parent)
        if (!strcmp(t->class->name, "JitTracer"))
            return true;
    return false;
}

/* Where the arrays of one call are, and the bytes that tell two calls apart. */
typedef struct arguments {
    const bind_function *f;
    const unsigned char *given; /* the argument struct without defaults, or NULL */
    unsigned char *block; /* a copy of the argument struct */
    vec(ct_array *) slots;
    vec(ct_array *) lists; /* copies of the lists behind ct_arrays fields */
    text key;
    bool plain; /* false: something that cannot be staged (a tree, a function) */
} arguments;

static bool add_slot(arguments *a, ct_array *slot)
{
    text_bytes(&a->key, *slot ? "a" : "-", 1);
    return !*slot || vec_push(&a->slots, slot);
}

static bool add_list(arguments *a, ct_arrays *list)
{
    ct_array *copy = base_alloc((size_t)(list->n + 1) * sizeof *copy);
    if (!copy || !vec_push(&a->lists, copy)) {
        base_free(copy);
        return false;
    }
    if (list->n)
        memcpy(copy, list->at, (size_t)list->n * sizeof *copy);
    list->at = copy;
    for (int64_t i = 0; i < list->n; i++)
        if (!add_slot(a, &copy[i]))
            return false;
    text_bytes(&a->key, ")", 1);
    return true;
}

static void add_ints(text *key, const ct_ints *list)
{
    text_add(key, "%lld%c", (long long)list->n, list->at ? 'g' : '-');
    if (list->n > 0)
        text_bytes(key, (const char *)list->at, (size_t)list->n * sizeof *list->at);
}

static bool add_field(arguments *a, const bind_param *p)
{
    void *at = a->block + p->offset;
    switch ((bind_kind)p->kind) {
    case BIND_ARRAY:
        return add_slot(a, at);
    case BIND_ARRAY_OPT:
        if (a->given && !*(const ct_array *)(const void *)(a->given + p->offset)) {
            text_bytes(&a->key, "-", 1);
            return true;
        }
        return add_slot(a, at);
    case BIND_ARRAYS:
        return add_list(a, at);
    case BIND_TREE:
    case BIND_FN:
        a->plain = false;
        return true;
    case BIND_INT:
        text_bytes(&a->key, at, sizeof(int64_t));
        return true;
    case BIND_INT_OPT:
        text_add(&a->key, "%d.%lld.", ((ct_opt_int *)at)->given,
                 (long long)((ct_opt_int *)at)->value);
        return true;
    case BIND_BOOL:
        text_bytes(&a->key, at, sizeof(bool));
        return true;
    case BIND_SWITCH:
        text_bytes(&a->key, at, sizeof(ct_switch));
        return true;
    case BIND_FLOAT:
        text_bytes(&a->key, at, sizeof(double));
        return true;
    case BIND_FLOAT_OPT:
        text_add(&a->key, "%d.%a.", ((ct_opt_float *)at)->given, ((ct_opt_float *)at)->value);
        return true;
    case BIND_STRING:
        text_add(&a->key, "%s.", *(const char **)at ? *(const char **)at : "\1");
        return true;
    case BIND_DTYPE:
        text_bytes(&a->key, at, sizeof(ct_dtype));
        return true;
    case BIND_AXES:
    case BIND_SHAPE:
    case BIND_PAIRS:
    case BIND_NESTED:
        add_ints(&a->key, at);
        return true;
    case BIND_PRECISION:
        text_bytes(&a->key, at, sizeof(int));
        return true;
    case BIND_ACCURACY:
    case BIND_NONE:
        return true;
    }
    return true;
}

static void arguments_free(arguments *a)
{
    for (int64_t i = 0; i < a->lists.n; i++)
        base_free(a->lists.at[i]);
    vec_free(&a->lists);
    vec_free(&a->slots);
    vec_free(&a->key);
    base_free(a->block);
}

static bool arguments_read(arguments *a, const bind_function *f, const void *args,
                           const void *given)
{
    *a = (arguments){
        .f = f, .given = given, .plain = true, .block = base_alloc((size_t)f->args_size + 1)};
    if (!a->block)
        return false;
    memcpy(a->block, args, f->args_size);
    text_bytes(&a->key, (const char *)&f, sizeof f);
    for (int i = 0; i < f->nparams; i++)
        if (!add_field(a, &f->params[i]))
            return false;
    for (int64_t i = 0; i < a->slots.n; i++) {
        const aval *v = &(*a->slots.at[i])->aval;
        text_bytes(&a->key, (const char[]){(char)v->dtype, (char)v->weak, (char)v->ndim}, 3);
        if (v->ndim)
            text_bytes(&a->key, (const char *)v->shape, (size_t)v->ndim * sizeof *v->shape);
    }
    text_bytes(&a->key, array_x64 ? "x" : "-", 1);
    return true;
}

static ct_tree run_body(const bind_function *f, void (*body)(void), const void *args)
{
    const ct_array *x = args;
    switch ((bind_call)f->how) {
    case BIND_CALL_1:
        return ((ct_array(*)(ct_array))body)(x[0]);
    case BIND_CALL_2:
        return ((ct_array(*)(ct_array, ct_array))body)(x[0], x[1]);
    case BIND_CALL_3:
        return ((ct_array(*)(ct_array, ct_array, ct_array))body)(x[0], x[1], x[2]);
    case BIND_CALL_ARGS:
        return ((ct_tree(*)(const void *))body)(args);
    }
    return array_poison;
}

/* A program that was traced once: kept for the process. */
typedef struct program {
    char *key;
    int64_t key_size;
    jaxpr *jaxpr;
    treedef *out;
} program;
static _Thread_local table programs;

static bool same_key(const void *value, const void *probe)
{
    const program *p = value;
    const text *key = probe;
    return p->key_size == key->n && !memcmp(p->key, key->at, (size_t)key->n);
}

/* The body as a function of the arrays alone. */
typedef struct body_call {
    arguments *a;
    void (*body)(void);
    treedef *out; /* set by the call: one reference */
} body_call;

static bool call_flat(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    body_call *c = env;
    for (int64_t i = 0; i < nin; i++)
        *c->a->slots.at[i] = in[i];
    ct_tree result = run_body(c->a->f, c->body, c->a->block);
    if (is_poison(result))
        return false;
    const ct_array *at;
    out->n = tree_leaves(&result, &at);
    out->at = base_alloc((size_t)(out->n + 1) * sizeof *out->at);
    if (!out->at)
        return false;
    memcpy(out->at, at, (size_t)out->n * sizeof *at);
    c->out = (treedef *)tree_def(result);
    object_retain(c->out);
    return true;
}

static program *trace_program(arguments *a, void (*body)(void), const char *name)
{
    int64_t n = a->slots.n;
    aval *avals = base_alloc((size_t)(n + 1) * sizeof *avals);
    program *p = base_zalloc(sizeof *p);
    body_call call = {a, body, NULL};
    if (avals && p) {
        for (int64_t i = 0; i < n; i++)
            avals[i] = (*a->slots.at[i])->aval;
        const source_line *line = core_line;
        core_line = &source_unknown; /* it is kept, and called from elsewhere next time */
        p->jaxpr = transform_stage((flat){call_flat, &call, name}, n, avals, name);
        core_line = line;
        p->out = call.out;
        p->key_size = a->key.n;
        p->key = base_alloc((size_t)a->key.n + 1);
    }
    base_free(avals);
    if (p && p->jaxpr && p->key) {
        memcpy(p->key, a->key.at, (size_t)a->key.n);
        if (table_add(&programs, base_hash(p->key, (size_t)p->key_size, 0), p))
            return p;
    }
    if (p) {
        object_release(p->jaxpr);
        object_release(p->out);
        base_free(p->key);
    }
    base_free(p);
    return NULL;
}

static ct_tree bind_program(const program *p, const char *name, int64_t n, const ct_array *in)
{
    params_call params = {.jaxpr = p->jaxpr, .name = name};
    ct_array *out = base_alloc((size_t)(p->jaxpr->nout + 1) * sizeof *out);
    if (!out)
        return array_poison;
    core_bind(op_table[OP_jit], &params, (int)n, in, p->jaxpr->nout, out);
    ct_tree result =
        p->jaxpr->nout && is_poison(out[0]) ? array_poison : tree_new(p->out, p->jaxpr->nout, out);
    base_free(out);
    return result;
}

ct_tree call_staged(const bind_function *f, void (*body)(void), const char *name, const void *args,
                    const void *given)
{
    arguments a;
    ct_tree result = array_poison;
    if (arguments_read(&a, f, args, given) && a.plain) {
        ct_array *in = base_alloc((size_t)(a.slots.n + 1) * sizeof *in);
        for (int64_t i = 0; in && i < a.slots.n; i++)
            in[i] = *a.slots.at[i];
        program *p =
            in ? table_find(&programs, base_hash(a.key.at, (size_t)a.key.n, 0), same_key, &a.key)
               : NULL;
        if (in && !p)
            p = trace_program(&a, body, name);
        if (p)
            result = bind_program(p, name, a.slots.n, in);
        base_free(in);
    } else if (a.block && !a.plain) {
        result = run_body(f, body, args);
    }
    arguments_free(&a);
    return result;
}
