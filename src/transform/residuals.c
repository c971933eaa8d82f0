/* What a function keeps for its derivative: the residuals of its linearization, as the results of a
 * program, and where each comes from in words. */
#include "cotan/checkpoint.h"
#include "ops/ops.h"
#include "transform/partial.h"

typedef struct kept_call {
    ct_fn f;
    const treedef *in_def;
} kept_call;

static bool run_kept(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const kept_call *c = env;
    treedef *out_def;
    if (!fn_call(c->f, c->in_def, nin, in, &out_def, &out->n, &out->at))
        return false;
    object_release(out_def);
    return true;
}

/* The results are the constants of the tangent program. */
static bool run_linearized(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    linear_map *l = NULL;
    leaves primals = {0};
    if (!transform_linearize((flat){run_kept, env, "saved_residuals"}, nin, in, &primals, &l))
        return false;
    const jaxpr *j = linear_program(l);
    *out = (leaves){j->nconsts, base_alloc((size_t)(j->nconsts + 1) * sizeof *out->at)};
    bool good = out->at;
    for (int i = 0; i < j->nconsts && good; i++) {
        out->at[i] = j->consts[i];
        object_retain(out->at[i]);
        good = scope_own(out->at[i]);
    }
    leaves_free(&primals);
    object_release(l);
    return good;
}

jaxpr *transform_residuals(ct_fn f, const treedef *in_def, int64_t n, const aval *in)
{
    kept_call c = {f, in_def};
    return transform_stage((flat){run_linearized, &c, fn_name(f)}, n, in, fn_name(f));
}

static const eqn *maker_of(const jaxpr *j, const var *v)
{
    for (const eqn *e = j->eqns; e; e = e->next)
        for (int i = 0; i < e->nout; i++)
            if (e->out[i] == v)
                return e;
    return NULL;
}

int residual_argument(const jaxpr *j, int residual)
{
    for (int i = 0; i < j->nin; i++)
        if (j->in[i] == j->out[residual].var)
            return i;
    return -1;
}

void residual_text(text *t, const jaxpr *j, int residual)
{
    const var *v = j->out[residual].var;
    const eqn *e = v ? maker_of(j, v) : NULL;
    if (!v)
        text_add(t, "from a literal");
    else if (!e && residual_argument(j, residual) >= 0)
        text_add(t, "from the argument at flattened index %d", residual_argument(j, residual));
    else if (!e)
        text_add(t, "from a constant");
    else if (e->op->code == OP_name)
        text_add(t, "named '%s'", ((const params_name *)e->params)->name);
    else if (e->op->code == OP_jit)
        text_add(t, "output of jitted function '%s'", ((const params_call *)e->params)->name);
    else
        text_add(t, "output of %s", e->op->name);
    if (e && e->source && e->source->file) {
        text_add(t, " from ");
        source_text(t, e->source);
    }
}

/* Literals, constants, arguments, then results of operations, each in the program's order. */
int residual_rank(const jaxpr *j, int residual)
{
    const var *v = j->out[residual].var;
    return !v ? -1 : v->id;
}

char *ct_saved_residuals_(ct_fn f, int n, const ct_tree *args)
{
    int64_t nin;
    ct_array *in;
    treedef *def = f ? fn_pack(n, args, &nin, &in) : NULL;
    if (!def)
        return NULL;
    ct_scope scope = ct_begin();
    aval *avals = base_alloc((size_t)(nin + 1) * sizeof *avals);
    for (int64_t i = 0; i < nin && avals; i++)
        avals[i] = in[i]->aval;
    jaxpr *j = avals ? transform_residuals(f, def, nin, avals) : NULL;
    text t = {0};
    for (int rank = -1; j && rank < j->nvars; rank++)
        for (int i = 0; i < j->nout; i++)
            if (residual_rank(j, i) == rank) {
                aval_text(&t, atom_aval(&j->out[i]), true);
                text_add(&t, " ");
                residual_text(&t, j, i);
                text_add(&t, "\n");
            }
    bool made = j;
    object_release(j);
    object_release(def);
    base_free(avals);
    base_free(in);
    ct_end_(scope, NULL);
    return made ? text_end(&t) : NULL;
}
