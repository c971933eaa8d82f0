/* Inner jits: a function marked jitted in its stub appears in a jaxpr as one equation,
 * jit[name=...], whose program is traced once for each combination of static arguments and argument
 * types. Outside of staging such a function simply runs; one that takes several operations and is
 * called again and again is compiled, where that changes no bit of its results.
 *
 * The argument struct is taken apart by its row of the binding table: arrays become inputs, the
 * rest is the key under which the program is remembered. Next: transform/stage.c, which does the
 * tracing. */
#include "api/call.h"

#include <stdlib.h>

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

/* The bytes that tell two calls apart: most keys are short. */
enum { SHORT_KEY = 256, FEW_SLOTS = 8, SMALL_BLOCK = 192 };
typedef struct call_key {
    int64_t n;
    text rest; /* all of a longer one */
    char first[SHORT_KEY];
} call_key;

static const char *key_bytes(const call_key *k) { return k->rest.at ? k->rest.at : k->first; }

static void add_bytes(call_key *k, const void *bytes, size_t n)
{
    if (!n)
        return;
    if (!k->rest.at && (size_t)k->n + n <= sizeof k->first) {
        memcpy(k->first + k->n, bytes, n);
    } else {
        if (!k->rest.at)
            text_bytes(&k->rest, k->first, (size_t)k->n);
        text_bytes(&k->rest, bytes, n);
    }
    k->n += (int64_t)n;
}

static void add_char(call_key *k, char c) { add_bytes(k, &c, 1); }

/* Where the arrays of one call are, and its key. */
typedef struct arguments {
    const bind_function *f;
    const unsigned char *given; /* the argument struct without defaults, or NULL */
    unsigned char *block;       /* a copy of the argument struct */
    ct_array **slots;
    int64_t n, room;
    vec(ct_array *) lists; /* copies of the lists behind ct_arrays fields */
    call_key key;
    bool plain; /* false: something that cannot be staged (a tree, a function) */
    ct_array *few[FEW_SLOTS];
    _Alignas(16) unsigned char small[SMALL_BLOCK];
} arguments;

static bool more_slots(arguments *a)
{
    ct_array **grown = base_alloc(sizeof *grown * (size_t)(2 * a->room));
    if (!grown)
        return false;
    memcpy(grown, a->slots, sizeof *grown * (size_t)a->n);
    if (a->slots != a->few)
        base_free(a->slots);
    a->slots = grown;
    a->room *= 2;
    return true;
}

static bool add_slot(arguments *a, ct_array *slot)
{
    if (!*slot)
        return add_char(&a->key, '-'), true;
    if (a->n == a->room && !more_slots(a))
        return false;
    a->slots[a->n++] = slot;
    const aval *v = &(*slot)->aval;
    add_bytes(&a->key, (const char[]){'a', (char)v->dtype, (char)v->weak, (char)v->ndim}, 4);
    add_bytes(&a->key, v->shape, (size_t)v->ndim * sizeof *v->shape);
    return true;
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
    add_char(&a->key, ')');
    return true;
}

static void add_ints(call_key *key, const ct_ints *list)
{
    add_bytes(key, &list->n, sizeof list->n);
    add_char(key, list->at ? 'g' : '-');
    if (list->n > 0)
        add_bytes(key, list->at, (size_t)list->n * sizeof *list->at);
}

static void add_string(call_key *key, const char *s)
{
    add_char(key, s ? 's' : '-');
    if (s)
        add_bytes(key, s, strlen(s) + 1);
}

static bool add_field(arguments *a, const bind_param *p)
{
    void *at = a->block + p->offset;
    switch ((bind_kind)p->kind) {
    case BIND_ARRAY:
        return add_slot(a, at);
    case BIND_ARRAY_OPT:
        if (a->given && !*(const ct_array *)(const void *)(a->given + p->offset))
            return add_char(&a->key, '-'), true;
        return add_slot(a, at);
    case BIND_ARRAYS:
        return add_list(a, at);
    case BIND_TREE:
    case BIND_FN:
        a->plain = false;
        return true;
    case BIND_INT:
        add_bytes(&a->key, at, sizeof(int64_t));
        return true;
    case BIND_INT_OPT:
        add_char(&a->key, ((ct_opt_int *)at)->given ? 'g' : '-');
        add_bytes(&a->key, &((ct_opt_int *)at)->value, sizeof(int64_t));
        return true;
    case BIND_BOOL:
        add_bytes(&a->key, at, sizeof(bool));
        return true;
    case BIND_SWITCH:
        add_bytes(&a->key, at, sizeof(ct_switch));
        return true;
    case BIND_FLOAT:
        add_bytes(&a->key, at, sizeof(double));
        return true;
    case BIND_FLOAT_OPT:
        add_char(&a->key, ((ct_opt_float *)at)->given ? 'g' : '-');
        add_bytes(&a->key, &((ct_opt_float *)at)->value, sizeof(double));
        return true;
    case BIND_STRING:
        add_string(&a->key, *(const char **)at);
        return true;
    case BIND_DTYPE:
        add_bytes(&a->key, at, sizeof(ct_dtype));
        return true;
    case BIND_AXES:
    case BIND_SHAPE:
    case BIND_PAIRS:
    case BIND_NESTED:
        add_ints(&a->key, at);
        return true;
    case BIND_PRECISION:
        add_bytes(&a->key, at, sizeof(int));
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
    base_free(a->key.rest.at);
    if (a->slots != a->few)
        base_free(a->slots);
    if (a->block != a->small)
        base_free(a->block);
}

static bool arguments_read(arguments *a, const bind_function *f, const void *args,
                           const void *given)
{
    a->f = f;
    a->given = given;
    a->plain = true;
    a->lists.at = NULL, a->lists.n = a->lists.capacity = 0;
    a->key.n = 0;
    a->key.rest = (text){0};
    a->slots = a->few;
    a->n = 0;
    a->room = FEW_SLOTS;
    a->block = f->args_size <= SMALL_BLOCK ? a->small : base_alloc((size_t)f->args_size);
    if (!a->block)
        return false;
    memcpy(a->block, args, f->args_size);
    add_bytes(&a->key, &f, sizeof f);
    for (int i = 0; i < f->nparams; i++)
        if (!add_field(a, &f->params[i]))
            return false;
    uint64_t epoch = transform_epoch + core_rules_epoch;
    add_bytes(&a->key, &epoch, sizeof epoch);
    add_char(&a->key, array_x64 ? 'x' : '-');
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
    const call_key *key = probe;
    return p->key_size == key->n && !memcmp(p->key, key_bytes(key), (size_t)key->n);
}

static uint64_t key_hash(const call_key *k) { return base_hash(key_bytes(k), (size_t)k->n, 0); }

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
        *c->a->slots[i] = in[i];
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
    int64_t n = a->n;
    aval *avals = base_alloc((size_t)(n + 1) * sizeof *avals);
    program *p = base_zalloc(sizeof *p);
    body_call call = {a, body, NULL};
    if (avals && p) {
        for (int64_t i = 0; i < n; i++)
            avals[i] = (*a->slots[i])->aval;
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
        memcpy(p->key, key_bytes(&a->key), (size_t)a->key.n);
        if (table_add(&programs, key_hash(&a->key), p))
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

/* The program of these arguments, traced if there is none; NULL after an error. */
static program *program_of(arguments *a, void (*body)(void), const char *name)
{
    program *p = table_find(&programs, key_hash(&a->key), same_key, &a->key);
    return p ? p : trace_program(a, body, name);
}

/* The arrays of the call, which tracing writes over; `few` has room for some. */
static ct_array *arrays_of(const arguments *a, ct_array *few)
{
    ct_array *in = a->n <= FEW_SLOTS ? few : base_alloc((size_t)a->n * sizeof *in);
    for (int64_t i = 0; in && i < a->n; i++)
        in[i] = *a->slots[i];
    return in;
}

static bool bind_staged(const program *p, const char *name, int64_t n, const ct_array *in,
                        ct_array *out)
{
    params_call params = {.jaxpr = p->jaxpr, .name = name};
    core_bind(op_table[OP_jit], &params, (int)n, in, p->jaxpr->nout, out);
    return !p->jaxpr->nout || !is_poison(out[0]);
}

static bool run_compiled(const program *p, const char *name, int64_t n, const ct_array *in,
                         ct_array *out)
{
    (void)name;
    return transform_run(p->jaxpr, (int)n, in, NULL, p->jaxpr->nout, out);
}

typedef bool program_call(const program *p, const char *name, int64_t n, const ct_array *in,
                          ct_array *out);

static ct_tree call_program(const program *p, program_call *call, const char *name, int64_t n,
                            const ct_array *in)
{
    ct_array few[FEW_SLOTS],
        *out = p->jaxpr->nout <= FEW_SLOTS ? few : base_alloc((size_t)p->jaxpr->nout * sizeof *out);
    if (!out)
        return array_poison;
    ct_tree result =
        call(p, name, n, in, out) ? tree_new(p->out, p->jaxpr->nout, out) : array_poison;
    if (out != few)
        base_free(out);
    return result;
}

ct_tree call_staged(const bind_function *f, void (*body)(void), const char *name, const void *args,
                    const void *given)
{
    arguments a;
    ct_tree result = array_poison;
    if (arguments_read(&a, f, args, given) && a.plain) {
        ct_array few[FEW_SLOTS], *in = arrays_of(&a, few);
        program *p = in ? program_of(&a, body, name) : NULL;
        if (p)
            result = call_program(p, bind_staged, name, a.n, in);
        if (in != few)
            base_free(in);
    } else if (a.block && !a.plain) {
        result = run_body(f, body, args);
    }
    arguments_free(&a);
    return result;
}

/* ---- functions that are called again and again ---- */

/* The most operations that one of a function's first calls took. */
enum { MOST_FUNCTIONS = 4096, WEIGHED = 4, LIGHT = 254, HEAVY = 255, HEAVY_OPS = 3 };
static _Atomic uint8_t weights[MOST_FUNCTIONS];

static void weigh(_Atomic uint8_t *weight, int64_t operations)
{
    uint8_t seen = *weight;
    if (seen < WEIGHED)
        *weight = operations >= HEAVY_OPS ? HEAVY : seen + 1 == WEIGHED ? LIGHT : seen + 1;
}

/* Operations by kind of arguments; kinds that share a place start again. */
enum { COUNTERS = 512 };
typedef struct counter {
    uint64_t key;
    int64_t operations;
    bool settled;
    const program *program; /* when settled; NULL: the body runs for ever */
} counter;
static _Thread_local counter *counters;

static void free_counters(void)
{
    base_free(counters);
    counters = NULL;
}

static counter *counter_of(uint64_t key)
{
    if (unlikely(!counters)) {
        if (!(counters = base_zalloc(COUNTERS * sizeof *counters)))
            return NULL;
        base_at_thread_exit(free_counters);
    }
    return &counters[key % COUNTERS];
}

static int64_t operations_before_compiling(void)
{
    static _Atomic int64_t known = -1;
    if (unlikely(known < 0)) {
        const char *set = getenv("COTAN_COMPILE_AFTER");
        known = set ? strtoll(set, NULL, 10) : 4000;
    }
    return known;
}

/* How a compiled program's results compare with those of its operations one by one. */
typedef enum sameness {
    DIFFERENT,
    IN_ORDER, /* the same to the last bit under keeps_order */
    SAME
} sameness;

static sameness program_sameness(const jaxpr *j);

static sameness call_sameness(const eqn *e)
{
    bool inlined = e->op->code == OP_jit || e->op->code == OP_custom_jvp_call ||
                   e->op->code == OP_custom_vjp_call;
    sameness least = e->op->flags & (OP_EFFECT | OP_HOST) ? DIFFERENT : SAME;
    const jaxpr *inner;
    for (int64_t i = 0; least && (inner = params_program(e->op, e->params, i)); i++) {
        sameness s = program_sameness(inner);
        s = s == IN_ORDER && !inlined ? DIFFERENT : s;
        least = s < least ? s : least;
    }
    return least;
}

static sameness eqn_sameness(const eqn *e)
{
    if (e->op->flags & OP_CALL)
        return call_sameness(e);
    if (e->op->flags & OP_ELEMENTWISE)
        return e->op->flags & (OP_EFFECT | OP_HOST) ? DIFFERENT : SAME;
    switch (e->op->code) {
    case OP_argmax:
    case OP_argmin:
    case OP_bitcast_convert_type:
    case OP_broadcast_in_dim:
    case OP_cholesky:
    case OP_concatenate:
    case OP_convert_element_type:
    case OP_copy:
    case OP_dynamic_slice:
    case OP_dynamic_update_slice:
    case OP_gather:
    case OP_iota:
    case OP_lu:
    case OP_lu_pivots_to_permutation:
    case OP_lu_solve:
    case OP_pad:
    case OP_random_bits:
    case OP_random_fold_in:
    case OP_random_split:
    case OP_random_unwrap:
    case OP_random_wrap:
    case OP_reduce_and:
    case OP_reduce_max:
    case OP_reduce_min:
    case OP_reduce_or:
    case OP_reshape:
    case OP_rev:
    case OP_select_n:
    case OP_slice:
    case OP_sort:
    case OP_split:
    case OP_squeeze:
    case OP_stack:
    case OP_threefry2x32:
    case OP_transpose:
    case OP_triangular_solve:
        return SAME;
    case OP_conv_general_dilated:
    case OP_cumprod:
    case OP_cumsum:
    case OP_dot_general:
    case OP_eigh:
    case OP_qr:
    case OP_random_gamma:
    case OP_reduce_prod:
    case OP_reduce_sum:
    case OP_svd:
        return IN_ORDER;
    default:
        return DIFFERENT;
    }
}

static sameness program_sameness(const jaxpr *j)
{
    sameness least = j->effects ? DIFFERENT : SAME;
    for (const eqn *e = j->eqns; e && least; e = e->next) {
        sameness s = eqn_sameness(e);
        least = s < least ? s : least;
    }
    return least;
}

/* The program to run instead of the body, once that has been worth it. */
static const program *often_called(arguments *a, counter *c, void (*body)(void), const char *name)
{
    if (unlikely(!c->settled) && c->operations > operations_before_compiling() && ct_ok()) {
        program *p = program_of(a, body, name);
        if (!p)
            ct_clear_error();
        sameness same = p ? program_sameness(p->jaxpr) : DIFFERENT;
        if (same == IN_ORDER && p->jaxpr->compiled && !p->jaxpr->keeps_order)
            same = DIFFERENT;
        if (same == IN_ORDER)
            p->jaxpr->keeps_order = true;
        c->program = same ? p : NULL;
        c->settled = true;
    }
    return c->program && same_key(c->program, &a->key) ? c->program : NULL;
}

static bool values_only(int64_t n, const ct_array *in)
{
    for (int64_t i = 0; i < n; i++)
        if (!is_array(in[i]) || array_deleted(in[i]))
            return false;
    return true;
}

/* Where calls with these arguments are counted; NULL where they are not. */
static counter *counter_for(const arguments *a)
{
    uint64_t key = key_hash(&a->key);
    counter *c = counter_of(key);
    if (unlikely(!c))
        ct_clear_error();
    else if (c->key != key)
        *c = (counter){.key = key};
    return c;
}

ct_tree call_often(const bind_function *f, void (*body)(void), const char *name, const void *args,
                   const void *given)
{
    _Atomic uint8_t *weight = &weights[(f - bind_functions) % MOST_FUNCTIONS];
    if (*weight == LIGHT || transform_disable_jit || !core_backend)
        return run_body(f, body, args);
    arguments a;
    ct_array few[FEW_SLOTS], *in = NULL;
    counter *c = arguments_read(&a, f, args, given) && a.plain && (in = arrays_of(&a, few)) &&
                         values_only(a.n, in)
                     ? counter_for(&a)
                     : NULL;
    const program *p = c ? often_called(&a, c, body, name) : NULL;
    ct_tree result;
    if (p) {
        result = call_program(p, run_compiled, name, a.n, in);
    } else {
        uint64_t before = core_bound, key = c ? c->key : 0;
        result = run_body(f, body, args);
        int64_t operations = (int64_t)(core_bound - before);
        weigh(weight, operations);
        if (c && c->key == key)
            c->operations += operations;
    }
    if (in != few)
        base_free(in);
    arguments_free(&a);
    return result;
}
