/* Is this a well-formed program? Every variable is defined once and before its uses, and every
 * equation's results have the types its operation gives them.
 *
 * Test builds run this on each finished jaxpr (COTAN_VERIFY); the parser runs it on what it read.
 */
#include "core/core.h"

typedef struct checker {
    const jaxpr *j;
    const var **defined; /* by id */
    int64_t eqn;         /* for messages */
} checker;

static bool fail_at(const checker *c, const char *where, const char *what)
{
    base_fail(CT_TYPE_ERROR, "invalid jaxpr: equation %lld (%s): %s", (long long)c->eqn, where,
              what);
    return false;
}

static bool define(checker *c, const var *v, const char *where)
{
    if (v->id < 0 || v->id >= c->j->nvars)
        return fail_at(c, where, "a variable has a number out of range");
    if (c->defined[v->id])
        return fail_at(c, where, "a variable is assigned twice");
    c->defined[v->id] = v;
    return true;
}

static bool check_atom(const checker *c, const atom *a, const char *where)
{
    if (!a->var == !a->literal)
        return fail_at(c, where, "an operand is neither a variable nor a literal");
    if (a->literal)
        return is_array(a->literal) && a->literal->aval.ndim == 0
                   ? true
                   : fail_at(c, where, "a literal is no concrete scalar");
    if (a->var->id < 0 || a->var->id >= c->j->nvars || c->defined[a->var->id] != a->var)
        return fail_at(c, where, "an operand is used before it is defined");
    return true;
}

static bool check_type(const checker *c, const eqn *e, int result, const aval *got)
{
    const aval *want = &e->out[result]->aval;
    if (aval_equal(want, got, true))
        return true;
    text t = {0};
    text_add(&t, "result %d is declared as ", result);
    aval_text(&t, want, true);
    text_add(&t, "%s but the operation gives ", want->weak ? " (weak)" : "");
    aval_text(&t, got, true);
    text_add(&t, "%s", got->weak ? " (weak)" : "");
    char *s = text_end(&t);
    fail_at(c, e->op->name, s ? s : "a result has another type than declared");
    base_free(s);
    return false;
}

static bool check_types(const checker *c, const eqn *e)
{
    if (!e->op->abstract)
        return true;
    arena scratch = {0};
    aval *in = arena_alloc(&scratch, (size_t)(e->nin + 1) * sizeof *in);
    aval *out = arena_alloc(&scratch, (size_t)(e->nout + 1) * sizeof *out);
    bool good = in && out;
    if (good)
        memset(out, 0, (size_t)(e->nout + 1) * sizeof *out);
    for (int i = 0; i < e->nin && good; i++)
        in[i] = *atom_aval(&e->in[i]);
    /* calls and operations that carry their results' types have no less information than the
     * declaration */
    int n = e->nout;
    good = good && core_result_types(e->op, e->params, e->nin, in, &n, out, &scratch);
    if (good && n != e->nout)
        good =
            fail_at(c, e->op->name, "the number of results differs from what the operation gives");
    for (int i = 0; i < n && good; i++)
        good = !e->out[i] || check_type(c, e, i, &out[i]);
    arena_free(&scratch);
    return good;
}

/* A parsed equation may lack what its operation runs. */
static bool has_programs(const checker *c, const eqn *e)
{
    for (int i = 0; i < e->op->nfields; i++) {
        const void *at = (const char *)e->params + e->op->fields[i].offset;
        bool missing = e->op->fields[i].kind == PARAM_JAXPR
                           ? !*(jaxpr *const *)at
                           : e->op->fields[i].kind == PARAM_JAXPRS && !((const jaxpr_list *)at)->n;
        if (missing)
            return fail_at(c, e->op->name, "it has no program to run");
    }
    return true;
}

/* A loop with a condition has two programs, of other numbers of values than the equation. */
static bool is_call(const op *o)
{
    int programs = 0;
    for (int i = 0; i < o->nfields; i++)
        programs += o->fields[i].kind == PARAM_JAXPR;
    return programs == 1;
}

static bool check_nested(const checker *c, const eqn *e)
{
    for (int i = 0; i < e->op->nfields; i++) {
        const void *at = (const char *)e->params + e->op->fields[i].offset;
        if (e->op->fields[i].kind == PARAM_JAXPR) {
            const jaxpr *inner = *(jaxpr *const *)at;
            if (is_call(e->op) && (inner->nin != e->nin || inner->nout != e->nout))
                return fail_at(c, e->op->name,
                               "the called program takes or gives another number of values");
            if (!jaxpr_verify(inner))
                return false;
        } else if (e->op->fields[i].kind == PARAM_JAXPRS) {
            for (int64_t k = 0; k < ((const jaxpr_list *)at)->n; k++)
                if (!jaxpr_verify(((const jaxpr_list *)at)->at[k]))
                    return false;
        }
    }
    return true;
}

static bool check_eqn(checker *c, const eqn *e)
{
    for (int i = 0; i < e->nin; i++)
        if (!check_atom(c, &e->in[i], e->op->name))
            return false;
    for (int i = 0; i < e->nout; i++)
        if (e->out[i] && !define(c, e->out[i], e->op->name))
            return false;
    return has_programs(c, e) && check_types(c, e) && check_nested(c, e);
}

bool jaxpr_verify(const jaxpr *j)
{
    checker c = {j, base_zalloc((size_t)(j->nvars + 1) * sizeof *c.defined), 0};
    bool good = c.defined != NULL;
    for (int i = 0; i < j->nconsts && good; i++)
        good = define(&c, j->constvars[i], "constants");
    for (int i = 0; i < j->nin && good; i++)
        good = define(&c, j->in[i], "inputs");
    for (const eqn *e = j->eqns; e && good; e = e->next, c.eqn++)
        good = check_eqn(&c, e);
    for (int i = 0; i < j->nout && good; i++)
        good = check_atom(&c, &j->out[i], "outputs");
    base_free(c.defined);
    return good;
}
