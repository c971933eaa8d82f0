/* ct_custom_root: a root of a function with the derivative that follows from the function alone.
 *
 * Where f(x, a) = 0, a change da of what f depends on moves x by the solution dx of
 * f_x dx = -f_a da (the implicit function theorem); the solver is never differentiated. */
#include "cotan/control.h"
#include "cotan/rules.h"
#include "lax/lax.h"
#include "transform/transform.h"

typedef struct root_fn {
    struct ct_function head;
    ct_fn f, solve;
    ct_tangent_solve *tangent_solve;
    void *env;
    void (*done)(void *env);
    bool has_aux;
} root_fn;

/* One call: the function and the solver, with what they close over as further arguments. */
typedef struct root_call {
    object head;
    root_fn *r;
    ct_fn function, solver;
} root_call;

static void root_call_destroy(object *o)
{
    root_call *c = (root_call *)o;
    object_release(c->r);
    object_release(c->function);
    object_release(c->solver);
    base_free(c);
}
static const object_class root_call_class = {root_call_destroy};

static bool same_structure(const char *who, const char *what, const treedef *got,
                           const treedef *like)
{
    if (treedef_equal(got, like))
        return true;
    text t = {0};
    text_add(&t, "%s() output pytree structure must match %s, got ", who, what);
    treedef_text(&t, got);
    text_add(&t, " and ");
    treedef_text(&t, like);
    char *s = text_end(&t);
    base_fail(CT_TYPE_ERROR, "%s.", s ? s : who);
    base_free(s);
    return false;
}

static const treedef *def_of(ct_tree t) { return is_tree(t) ? tree_def(t) : treedef_leaf(); }

/* A closure that holds one reference to an object. */
static ct_fn holding(ct_tree (*call)(void *, int, const ct_tree *), void *env, const char *name)
{
    object_retain(env);
    ct_fn made = ct_closure(call, env, object_release, name);
    if (!made)
        object_release(env);
    return made;
}

/* f(x, *values) for a tuple of values. */
static ct_tree call_with(ct_fn f, ct_tree x, ct_tree values)
{
    int64_t n = ct_len(values);
    ct_tree *args = base_alloc((size_t)(n + 1) * sizeof *args);
    if (!args)
        return array_poison;
    args[0] = x;
    for (int64_t i = 0; i < n; i++)
        args[i + 1] = ct_at(values, i);
    ct_tree out = ct_call_(f, (int)n + 1, args);
    base_free(args);
    return out;
}

/* ---- derivatives of f by one of its two arguments ---- */

typedef struct half_call {
    object head;
    ct_fn f;
    ct_tree x, values; /* where it is */
    bool by_x;
} half_call;

static void half_destroy(object *o)
{
    half_call *h = (half_call *)o;
    object_release(h->f);
    object_release(h->x);
    object_release(h->values);
    base_free(h);
}
static const object_class half_class = {half_destroy};

static half_call *half_new(ct_fn f, ct_tree x, ct_tree values, bool by_x)
{
    half_call *h = base_alloc(sizeof *h);
    if (!h)
        return NULL;
    *h = (half_call){{&half_class, 1, KIND_OTHER}, f, x, values, by_x};
    object_retain(f);
    object_retain(x);
    object_retain(values);
    return h;
}

static ct_tree half(void *env, int n, const ct_tree *args)
{
    const half_call *h = env;
    (void)n;
    return h->by_x ? call_with(h->f, args[0], h->values) : call_with(h->f, h->x, args[0]);
}

/* tangent -> the change of f */
static ct_tree push(void *env, int n, const ct_tree *args)
{
    half_call *h = env;
    (void)n;
    ct_fn f = holding(half, h, fn_name(h->f));
    ct_tree both = f ? ct_jvp_(f, ct_tuple(h->by_x ? h->x : h->values), ct_tuple(args[0]), false)
                     : array_poison;
    return is_poison(both) ? both : ct_at(both, 1);
}

static ct_array negated(ct_array t) { return op_neg(t); }

static ct_tree moved_root(const root_call *c, ct_tree x, ct_tree values, ct_tree tangents)
{
    half_call *by_values = half_new(c->function, x, values, false),
              *by_x = half_new(c->function, x, values, true);
    ct_fn linear = by_x ? holding(push, by_x, fn_name(c->r->f)) : NULL;
    ct_tree change = by_values && linear ? push(by_values, 1, &tangents) : array_poison;
    ct_tree moved = is_poison(change) ? change : c->r->tangent_solve(c->r->env, linear, change);
    bool good = moved && !is_poison(moved) &&
                same_structure("tangent_solve", "x", def_of(moved), def_of(x));
    object_release(by_values);
    object_release(by_x);
    return good ? ct_map1(negated, moved) : array_poison;
}

/* ---- the call, as a function with a rule ---- */

/* (what f closes over, what the solver closes over, guess) */
static ct_tree root_value(void *env, int n, const ct_tree *args)
{
    (void)n;
    return call_with(((root_call *)env)->solver, args[2], args[1]);
}

static ct_tree root_rule(void *env, int n, const ct_tree *args);

static ct_fn with_rule(root_call *c)
{
    ct_fn value = holding(root_value, c, "_custom_root"),
          rule = value ? holding(root_rule, c, "_root_jvp") : NULL;
    return rule ? ct_custom_jvp_(&(ct_custom_jvp_args){.f = value, .rule = rule}) : NULL;
}

/* (primals, tangents) -> (result, its tangent) */
static ct_tree root_rule(void *env, int n, const ct_tree *args)
{
    root_call *c = env;
    (void)n;
    ct_tree primals[3];
    for (int i = 0; i < 3; i++)
        primals[i] = ct_at(args[0], i);
    ct_fn again = with_rule(c);
    ct_tree result = again ? ct_call_(again, 3, primals) : array_poison;
    if (is_poison(result))
        return result;
    ct_tree x = c->r->has_aux ? ct_at(result, 0) : result;
    ct_tree moved = moved_root(c, x, primals[0], ct_at(args[1], 0));
    if (c->r->has_aux && !is_poison(moved))
        moved = ct_tuple(moved, ct_map1(zero_tangent, ct_at(result, 1)));
    return is_poison(moved) ? moved : ct_tuple(result, moved);
}

/* ---- ct_custom_root ---- */

/* The structure of f's result at the guess; a new reference. */
static treedef *result_def(ct_fn f, ct_tree guess)
{
    const ct_array *at;
    int64_t n = tree_leaves(&guess, &at), nin;
    ct_array *in = NULL;
    treedef *def = fn_pack(1, &guess, &nin, &in), *out = NULL;
    aval *avals = def ? base_alloc((size_t)(n + 1) * sizeof *avals) : NULL;
    for (int64_t i = 0; i < n && avals; i++)
        avals[i] = at[i]->aval;
    jaxpr *j = avals ? transform_stage_fn(f, "custom_root", def, n, avals, &out) : NULL;
    if (!j) {
        object_release(out);
        out = NULL;
    }
    object_release(j);
    object_release(def);
    base_free(avals);
    base_free(in);
    return out;
}

static ct_tree find_root(root_fn *r, ct_tree guess)
{
    treedef *def = result_def(r->f, guess);
    bool good = def && same_structure("f", "initial_guess", def, def_of(guess));
    object_release(def);
    root_call *c = good ? base_zalloc(sizeof *c) : NULL;
    if (!c)
        return array_poison;
    c->head = (object){&root_call_class, 1, KIND_OTHER};
    object_retain(r);
    c->r = r;
    ct_tree closed[2] = {array_poison, array_poison};
    c->function = closure_convert(r->f, ct_tuple(guess), true, &closed[0]);
    if (c->function)
        c->solver = closure_convert(r->solve, ct_tuple(guess), true, &closed[1]);
    ct_retain_fn(c->function);
    ct_retain_fn(c->solver);
    ct_fn f = c->solver ? with_rule(c) : NULL;
    ct_tree result = f ? ct_call_(f, 3, (ct_tree[]){closed[0], closed[1], guess}) : array_poison;
    object_release(c);
    if (is_poison(result) || (r->has_aux && is_poison(ct_at(result, 0))))
        return array_poison;
    ct_tree x = r->has_aux ? ct_at(result, 0) : result;
    return same_structure("solve", "initial_guess", def_of(x), def_of(guess)) ? result
                                                                              : array_poison;
}

static bool root_call_fn(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                         treedef **out_def, int64_t *nout, ct_array **out)
{
    ct_tree guess;
    int n;
    (void)nin;
    if (!fn_arguments(base, in_def, in, 1, &n, &guess))
        return false;
    if (n != 1) {
        base_fail(CT_TYPE_ERROR, "custom_root takes one initial guess, but got %d", n);
        return false;
    }
    return fn_return(find_root((root_fn *)base, guess), out_def, nout, out) && ct_ok();
}

static const char *root_name(ct_fn f) { return fn_name(((root_fn *)f)->f); }

static void root_destroy(ct_fn base)
{
    root_fn *r = (root_fn *)base;
    object_release(r->f);
    object_release(r->solve);
    if (r->done)
        r->done(r->env);
}

static const fn_class root_class = {
    .call = root_call_fn, .name = root_name, .destroy = root_destroy};

ct_fn ct_custom_root_(const ct_custom_root_args *a)
{
    root_fn *r =
        a->f && a->solve && a->tangent_solve ? (root_fn *)fn_new(&root_class, sizeof *r) : NULL;
    if (!r) {
        if (a->done)
            a->done(a->env);
        return NULL;
    }
    r->f = ct_retain_fn(a->f);
    r->solve = ct_retain_fn(a->solve);
    r->tangent_solve = a->tangent_solve;
    r->env = a->env;
    r->done = a->done;
    r->has_aux = a->has_aux;
    return &r->head;
}
