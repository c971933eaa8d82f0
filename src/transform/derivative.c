/* vjp and linearize: derivatives as functions.
 *
 * What such a function keeps of the values that it was made at, its residuals, can be taken out of
 * it and others put in (ct_residuals, ct_with_residuals): so derivatives pass through jit and vmap
 * like any tree of arrays. Next: jvp.c evaluates and writes down, transpose.c goes backwards. */
#include "cotan/transform.h"
#include "ops/ops.h"
#include "transform/functions.h"
#include "transform/partial.h"

/* Of tangents of the arguments (linearize), or of a cotangent of the result (vjp). What several
 * instances of one program share is the form: it keeps no values, so caches may keep it. */
typedef struct derivative_fn {
    struct ct_function head;
    linear_map *l;
    treedef *in_def, *out_def; /* TUPLE(args..., {}) and the main result's */
    int64_t n_main, n_all, n_in;
    aval *in_avals;
    const void **primals; /* what the arguments are known by: identity() */
    ct_fn f;              /* for its name; not of a form */
    arena memory;
    bool reverse;
    /* when residuals were asked for, or put in */
    struct derivative_fn *form; /* NULL: not yet, or this is one */
    ct_tree residuals;
    /* of a form */
    jaxpr *open;      /* the program with the residuals as leading inputs */
    int64_t *leaf_of; /* by residual: which leaf of the arguments it is, or -1 */
} derivative_fn;

static const char *derivative_name(ct_fn f)
{
    return ((derivative_fn *)f)->reverse ? "vjp" : "linearize";
}

static void derivative_destroy(ct_fn base)
{
    derivative_fn *d = (derivative_fn *)base;
    object_release(d->form);
    object_release(d->l);
    object_release(d->in_def);
    object_release(d->out_def);
    object_release(d->f);
    object_release(d->open);
    object_release(d->residuals);
    arena_free(&d->memory);
}

static bool fail_structure(ct_code code, const char *what, const treedef *want, const treedef *got)
{
    text t = {0};
    text_add(&t, "%s: expected ", what);
    treedef_text(&t, want);
    text_add(&t, ", got ");
    treedef_text(&t, got);
    char *s = text_end(&t);
    base_fail(code, "%s", s ? s : what);
    base_free(s);
    return false;
}

bool operand_fits(const aval *want, ct_array got)
{
    return got->aval.dtype == want->dtype && ints_equal(aval_shape(want), aval_shape(&got->aval));
}

bool fail_type(ct_code code, const char *before, ct_array got, const char *between,
               const aval *want)
{
    text t = {0};
    text_add(&t, "%s", before);
    aval_text(&t, &got->aval, false);
    text_add(&t, "%s", between);
    aval_text(&t, want, false);
    char *s = text_end(&t);
    base_fail(code, "%s", s ? s : before);
    base_free(s);
    return false;
}

static bool one_cotangent(const derivative_fn *d, const treedef *in_def)
{
    int64_t first, count, args = treedef_root(in_def)->arity - 1;
    if (args != 1) {
        base_fail(CT_TYPE_ERROR,
                  "The function returned by `jax.vjp` applied to %s was called with %lld "
                  "arguments, but functions returned by `jax.vjp` must be called with a single "
                  "argument corresponding to the single value returned by the function being "
                  "differentiated (even if that returned value is a tuple or other container).",
                  d->f ? fn_name(d->f) : "a function", (long long)args);
        return false;
    }
    treedef *given = treedef_child(in_def, 0, &first, &count);
    bool good = given && (treedef_equal(given, d->out_def) ||
                          fail_structure(CT_VALUE_ERROR,
                                         "unexpected tree structure. The argument to a VJP "
                                         "function returned by `jax.vjp` must have the structure "
                                         "of the differentiated function's result",
                                         d->out_def, given));
    object_release(given);
    return good;
}

static bool check_cotangents(const derivative_fn *d, const ct_array *in)
{
    for (int64_t i = 0; i < d->n_main; i++) {
        const aval *want = linear_out_aval(d->l, i);
        if (want->dtype != CT_FLOAT0 && !operand_fits(want, in[i]))
            return fail_type(CT_VALUE_ERROR,
                             "unexpected JAX type (e.g. shape/dtype) for argument to VJP function: "
                             "got ",
                             in[i],
                             ", but the corresponding output of the differentiated function calls "
                             "for a cotangent of type: expected ",
                             want);
    }
    return true;
}

treedef *positional_def(const treedef *in_def)
{
    int64_t n = treedef_root(in_def)->arity - 1, made = 0, first, count;
    treedef **children = base_alloc((size_t)(n + 1) * sizeof *children);
    for (; made < n && children; made++)
        if (!(children[made] = treedef_child(in_def, made, &first, &count)))
            break;
    treedef *out =
        children && made == n ? treedef_join((tree_node){.kind = TREE_TUPLE}, n, children) : NULL;
    while (made)
        object_release(children[--made]);
    base_free(children);
    return out;
}

static bool pull_back(const derivative_fn *d, linear_map *l, const treedef *in_def,
                      const ct_array *in, treedef **out_def, int64_t *nout, ct_array **out)
{
    if (!one_cotangent(d, in_def) || !check_cotangents(d, in))
        return false;
    ct_array *cts = base_zalloc((size_t)(d->n_all + 1) * sizeof *cts);
    leaves in_cts = {0};
    for (int64_t i = 0; i < d->n_main && cts; i++)
        cts[i] = in[i]->aval.dtype == CT_FLOAT0 ? NULL : in[i];
    bool good = cts && linear_transpose(l, d->n_all, cts, &in_cts);
    for (int64_t i = 0; i < d->n_in && good; i++)
        if (!in_cts.at[i])
            good = !is_poison(in_cts.at[i] = d->in_avals[i].dtype == CT_FLOAT0
                                                 ? array_like(&d->in_avals[i])
                                                 : op_full(&d->in_avals[i], 0));
    base_free(cts);
    if (!good) {
        leaves_free(&in_cts);
        return false;
    }
    *out_def = positional_def(d->in_def);
    *nout = in_cts.n;
    *out = in_cts.at; /* fn_call frees it after a failure */
    return *out_def != NULL;
}

static bool push_forward(const derivative_fn *d, linear_map *l, const treedef *in_def, int64_t nin,
                         const ct_array *in, treedef **out_def, int64_t *nout, ct_array **out)
{
    if (!treedef_equal(in_def, d->in_def))
        return fail_structure(CT_TYPE_ERROR,
                              "the tangents given to the function returned by `jax.linearize` have "
                              "another tree structure than its arguments",
                              d->in_def, in_def);
    for (int64_t i = 0; i < nin; i++)
        if (!operand_fits(&d->in_avals[i], in[i]))
            return fail_type(CT_VALUE_ERROR,
                             "linearized function called on tangent values inconsistent with the "
                             "original primal values: got ",
                             in[i], " but expected ", &d->in_avals[i]);
    leaves results;
    if (!linear_apply(l, nin, in, &results))
        return false;
    bool good = true;
    for (int64_t i = 0; i < d->n_main && good; i++)
        if (!results.at[i]) {
            const aval *a = linear_out_aval(l, i);
            good =
                !is_poison(results.at[i] = a->dtype == CT_FLOAT0 ? array_like(a) : op_full(a, 0));
        }
    *nout = d->n_main;
    *out = results.at;
    *out_def = d->out_def;
    object_retain(d->out_def);
    return good;
}

static bool derivative_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                            treedef **out_def, int64_t *nout, ct_array **out)
{
    derivative_fn *d = (derivative_fn *)base;
    const derivative_fn *all = d->in_def ? d : d->form;
    if (d->open) {
        base_fail(CT_TYPE_ERROR, "the form of a derivative has no residuals to be evaluated at: "
                                 "ct_with_residuals gives it some");
        return false;
    }
    return all->reverse ? pull_back(all, d->l, in_def, in, out_def, nout, out)
                        : push_forward(all, d->l, in_def, nin, in, out_def, nout, out);
}

static const fn_class derivative_class = {
    .call = derivative_call, .name = derivative_name, .destroy = derivative_destroy};

/* What a value is known by for as long as it lives, whatever header it is seen through. */
static const void *identity(ct_array a) { return is_array(a) ? a->data : (const void *)a; }

static bool remember_inputs(derivative_fn *d, int64_t n, const aval *in)
{
    d->n_in = n;
    d->in_avals = arena_alloc(&d->memory, (size_t)(n + 1) * sizeof *d->in_avals);
    for (int64_t i = 0; i < n && d->in_avals; i++) {
        d->in_avals[i] = in[i];
        d->in_avals[i].dtype = (uint8_t)dtype_tangent((ct_dtype)in[i].dtype);
        d->in_avals[i].shape =
            arena_copy(&d->memory, in[i].shape, (size_t)in[i].ndim * sizeof(int64_t));
        if (!d->in_avals[i].shape)
            return false;
    }
    return d->in_avals != NULL;
}

static bool remember_primals(derivative_fn *d, int64_t n, const ct_array *in)
{
    aval *avals = base_alloc((size_t)(n + 1) * sizeof *avals);
    d->primals = arena_alloc(&d->memory, (size_t)(n + 1) * sizeof *d->primals);
    for (int64_t i = 0; i < n && avals && d->primals; i++) {
        avals[i] = in[i]->aval;
        d->primals[i] = identity(in[i]);
    }
    bool good = avals && d->primals && remember_inputs(d, n, avals);
    base_free(avals);
    return good;
}

static ct_tree differentiate(ct_fn f, ct_tree primals, bool has_aux, ct_tree *aux_out,
                             ct_fn *derivative, bool reverse)
{
    *derivative = NULL;
    derivative_fn *d =
        (derivative_fn *)fn_new(&derivative_class, sizeof *d); /* owned by the caller's scope */
    ct_scope scope = ct_begin();
    int64_t n = 0;
    ct_array *in = NULL;
    treedef *def =
                f && d ? pack_tuple(reverse ? "jax.vjp" : "jax.linearize", primals, &n, &in) : NULL,
            *aux = NULL;
    partial_call c = {f, def, n, in, NULL, NULL};
    leaves out = {0};
    ct_tree parts[2] = {array_poison, array_poison};
    bool good = def &&
                transform_linearize((flat){run_partial, &c, fn_name(f), "vjp", f, c.in_def}, n, in,
                                    &out, &d->l) &&
                split_aux(reverse ? "vjp" : "linearize", c.out_def, has_aux, &d->out_def, &aux,
                          &d->n_main) &&
                remember_primals(d, n, in);
    if (good) {
        d->f = f;
        object_retain(f);
        d->in_def = def;
        object_retain(def);
        d->n_all = out.n;
        d->reverse = reverse;
        parts[0] = tree_new(d->out_def, d->n_main, out.at);
        if (has_aux)
            parts[1] = tree_new(aux, out.n - d->n_main, out.at + d->n_main);
        *derivative = &d->head;
    }
    leaves_free(&out);
    object_release(def);
    object_release(aux);
    object_release(c.out_def);
    base_free(in);
    void *keep[2] = {parts[0], parts[1]};
    scope_end_many(scope, has_aux ? 2 : 1, keep);
    if (aux_out)
        *aux_out = parts[1];
    return parts[0];
}

ct_tree ct_linearize_(ct_fn f, ct_tree primals, bool has_aux, ct_tree *aux, ct_fn *derivative)
{
    return differentiate(f, primals, has_aux, aux, derivative, false);
}

ct_tree ct_vjp_(ct_fn f, ct_tree primals, bool has_aux, ct_tree *aux, ct_fn *pullback)
{
    return differentiate(f, primals, has_aux, aux, pullback, true);
}

/* ---- residuals ---- */

/* The values a program is closed over, literals included, in the order of their first use. */
typedef struct opening {
    const jaxpr *j;
    arena memory;
    int32_t *const_at; /* by variable: which constant it is, from 1 */
    table slots;       /* of opening_slot by value */
    vec(ct_array) values;
} opening;
typedef struct opening_slot {
    ct_array value;
    int64_t at;
} opening_slot;

static bool same_value(const void *slot, const void *probe)
{
    ct_array a = ((const opening_slot *)slot)->value, b = (ct_array)(uintptr_t)probe;
    return a == b || (is_array(a) && is_array(b) && a->data == b->data &&
                      aval_equal(&a->aval, &b->aval, true));
}

/* The value of an atom that is known; NULL for inputs and results of equations. */
static ct_array known_value(const opening *o, const atom *a)
{
    if (!a->var)
        return a->literal;
    int32_t at = o->const_at[a->var->id];
    return at ? o->j->consts[at - 1] : NULL;
}

/* Which residual the value is; made on first sight. -1 after an error. */
static int64_t slot_of(opening *o, ct_array value)
{
    uint64_t hash = base_mix((uint64_t)(uintptr_t)identity(value), 1);
    opening_slot *known = table_find(&o->slots, hash, same_value, value);
    if (known)
        return known->at;
    known = arena_alloc(&o->memory, sizeof *known);
    if (!known || !vec_push(&o->values, value))
        return -1;
    *known = (opening_slot){value, o->values.n - 1};
    return table_add(&o->slots, hash, known) ? known->at : -1;
}

static bool find_residuals(opening *o)
{
    const jaxpr *j = o->j;
    ct_array value;
    o->const_at = arena_alloc(&o->memory, (size_t)(j->nvars + 1) * sizeof *o->const_at);
    if (!o->const_at)
        return false;
    memset(o->const_at, 0, (size_t)j->nvars * sizeof *o->const_at);
    for (int i = 0; i < j->nconsts; i++)
        o->const_at[j->constvars[i]->id] = i + 1;
    for (const eqn *e = j->eqns; e; e = e->next)
        for (int i = 0; i < e->nin; i++)
            if ((value = known_value(o, &e->in[i])) && slot_of(o, value) < 0)
                return false;
    for (int i = 0; i < j->nout; i++)
        if ((value = known_value(o, &j->out[i])) && slot_of(o, value) < 0)
            return false;
    return true;
}

static ct_array opened_atom(opening *o, const values *v, const ct_array *in, const atom *a)
{
    ct_array value = known_value(o, a);
    return value ? in[slot_of(o, value)] : values_of(v, a);
}

static bool run_open(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    opening *o = env;
    const jaxpr *j = o->j;
    values v;
    bool good = values_begin(&v, j);
    for (int i = 0; i < j->nin && good; i++)
        v.of[j->in[i]->id] = in[nin - j->nin + i];
    for (const eqn *e = j->eqns; e && good; e = e->next) {
        for (int i = 0; i < e->nin; i++)
            v.in[i] = opened_atom(o, &v, in, &e->in[i]);
        good = values_bind(&v, e);
        values_write(&v, e);
    }
    *out = (leaves){j->nout, good ? base_alloc((size_t)(j->nout + 1) * sizeof *out->at) : NULL};
    good = out->at;
    for (int i = 0; i < j->nout && good; i++)
        out->at[i] = opened_atom(o, &v, in, &j->out[i]);
    values_end(&v);
    return good;
}

/* The form of d, but for what depends on the residuals: owned by the scope. */
static derivative_fn *form_new(const derivative_fn *d, jaxpr *open)
{
    derivative_fn *form = (derivative_fn *)fn_new(&derivative_class, sizeof *form);
    if (!form || !(form->l = linear_with_program(d->l, open)))
        return NULL;
    form->in_def = d->in_def;
    object_retain(d->in_def);
    form->out_def = d->out_def;
    object_retain(d->out_def);
    form->n_main = d->n_main;
    form->n_all = d->n_all;
    form->reverse = d->reverse;
    form->open = open;
    object_retain(open);
    return remember_inputs(form, d->n_in, d->in_avals) ? form : NULL;
}

static bool find_arguments(derivative_fn *form, const derivative_fn *d, int64_t n,
                           const ct_array *kept)
{
    form->leaf_of = arena_alloc(&form->memory, (size_t)(n + 1) * sizeof *form->leaf_of);
    for (int64_t k = 0; k < n && form->leaf_of; k++) {
        form->leaf_of[k] = -1;
        for (int64_t i = 0; i < d->n_in; i++)
            if (d->primals[i] == identity(kept[k]) && operand_fits(&d->in_avals[i], kept[k]))
                form->leaf_of[k] = i;
    }
    return form->leaf_of != NULL;
}

static bool open_derivative(derivative_fn *d)
{
    opening o = {.j = linear_program(d->l)};
    const jaxpr *j = o.j;
    ct_scope scope = ct_begin();
    bool good = find_residuals(&o);
    int64_t n = o.values.n;
    aval *avals = good ? arena_alloc(&o.memory, (size_t)(n + j->nin + 1) * sizeof *avals) : NULL;
    for (int64_t i = 0; i < n + j->nin && avals; i++)
        avals[i] = i < n ? o.values.at[i]->aval : j->in[i - n]->aval;
    jaxpr *open =
        avals ? transform_stage((flat){run_open, &o, j->name}, n + j->nin, avals, j->name) : NULL;
    derivative_fn *form = open ? form_new(d, open) : NULL;
    good = form && find_arguments(form, d, n, o.values.at);
    ct_tree residuals = good ? ct_tuple_(n, o.values.at) : array_poison;
    if (good && !is_poison(residuals)) {
        object_retain(form);
        d->form = form;
        object_retain(residuals);
        d->residuals = residuals;
    }
    object_release(open);
    vec_free(&o.values);
    table_free(&o.slots);
    arena_free(&o.memory);
    ct_end_(scope, NULL);
    return d->form != NULL;
}

/* The form of a derivative, borrowed; NULL after an error. */
static derivative_fn *form_of(ct_fn f, const char *who)
{
    derivative_fn *d = (derivative_fn *)f;
    if (!f)
        return NULL;
    if (f->class != &derivative_class) {
        base_fail(CT_TYPE_ERROR, "%s takes what ct_vjp or ct_linearize returned, but got %s", who,
                  fn_name(f));
        return NULL;
    }
    if (d->open)
        return d;
    return d->form || open_derivative(d) ? d->form : NULL;
}

ct_fn ct_derivative_form(ct_fn derivative)
{
    derivative_fn *form = form_of(derivative, "ct_derivative_form");
    if (!form)
        return NULL;
    object_retain(form);
    return scope_own(form) ? &form->head : NULL;
}

ct_tree ct_residuals(ct_fn derivative)
{
    if (!form_of(derivative, "ct_residuals"))
        return array_poison;
    ct_tree residuals = ((derivative_fn *)derivative)->residuals;
    if (!residuals) {
        base_fail(CT_TYPE_ERROR, "the form of a derivative has no residuals");
        return array_poison;
    }
    object_retain(residuals);
    return scope_own(residuals) ? residuals : array_poison;
}

static int64_t count_residuals(const derivative_fn *form) { return form->open->nin - form->n_in; }

int64_t ct_residual_argument(ct_fn derivative, int64_t residual)
{
    const derivative_fn *form = form_of(derivative, "ct_residual_argument");
    return form && residual >= 0 && residual < count_residuals(form) ? form->leaf_of[residual] : -1;
}

ct_fn ct_with_residuals(ct_fn derivative, ct_tree residuals)
{
    derivative_fn *form = form_of(derivative, "ct_with_residuals");
    const ct_array *at;
    if (!form || !residuals || is_poison(residuals))
        return NULL;
    int64_t n = tree_leaves(&residuals, &at), want = count_residuals(form);
    if (n != want) {
        base_fail(CT_TYPE_ERROR,
                  "ct_with_residuals: the derivative has %lld residuals, but got %lld",
                  (long long)want, (long long)n);
        return NULL;
    }
    for (int64_t i = 0; i < n; i++)
        if (!operand_fits(&form->open->in[i]->aval, at[i])) {
            fail_type(CT_TYPE_ERROR, "ct_with_residuals: got a residual of type ", at[i],
                      " in the place of one of type ", &form->open->in[i]->aval);
            return NULL;
        }
    derivative_fn *d = (derivative_fn *)fn_new(&derivative_class, sizeof *d);
    jaxpr *closed = d ? jaxpr_inputs_to_consts(form->open, (int)n, at) : NULL;
    if (!closed)
        return NULL;
    object_retain(form);
    d->form = form;
    object_retain(residuals);
    d->residuals = residuals;
    d->l = linear_with_program(form->l, closed);
    object_release(closed);
    return d->l ? &d->head : NULL;
}

bool ct_same_derivative(ct_fn first, ct_fn second)
{
    const derivative_fn *a = form_of(first, "ct_same_derivative"),
                        *b = form_of(second, "ct_same_derivative");
    if (!a || !b || a == b)
        return a && b;
    if (a->reverse != b->reverse || a->n_all != b->n_all || a->n_in != b->n_in ||
        !treedef_equal(a->in_def, b->in_def) || !treedef_equal(a->out_def, b->out_def) ||
        !jaxpr_equal(a->open, b->open))
        return false;
    for (int64_t i = 0; i < a->n_all; i++)
        if (linear_position(a->l, i) != linear_position(b->l, i) ||
            !aval_equal(linear_out_aval(a->l, i), linear_out_aval(b->l, i), true))
            return false;
    return !memcmp(a->leaf_of, b->leaf_of, (size_t)count_residuals(a) * sizeof *a->leaf_of);
}

uint64_t ct_derivative_hash(ct_fn derivative)
{
    const derivative_fn *form = form_of(derivative, "ct_derivative_hash");
    return form ? jaxpr_hash(form->open) : 0;
}

treedef *derivative_def(ct_fn derivative, bool result)
{
    const derivative_fn *form = form_of(derivative, "derivative_def");
    if (!form)
        return NULL;
    if (!result)
        return positional_def(form->in_def);
    object_retain(form->out_def);
    return form->out_def;
}
