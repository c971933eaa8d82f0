/* Do the operands of a call fit the programs in its parameters? The rules take that for granted:
 * who stages a call has made its programs for these operands. Equations that a host language put
 * together are asked here first. */
#include "transform/scan.h"
#include "transform/while.h"

static bool misfit(const op *o, int position, const aval *got, const aval *want)
{
    text t = {0};
    text_add(&t, "%s got ", o->name);
    aval_text(&t, got, false);
    text_add(&t, " as operand %d where its program takes ", position);
    aval_text(&t, want, false);
    char *s = text_end(&t);
    base_fail(CT_TYPE_ERROR, "%s", s ? s : "an operand of a call has another type");
    base_free(s);
    return false;
}

static bool wrong_count(const op *o, int nin)
{
    base_fail(CT_TYPE_ERROR, "%s got %d operands, which its programs do not take", o->name, nin);
    return false;
}

bool inputs_fit(const op *o, const jaxpr *j, int input, int n, int first, const aval *in)
{
    for (int i = 0; i < n; i++)
        if (!aval_equal(&in[first + i], &j->in[input + i]->aval, false))
            return misfit(o, first + i, &in[first + i], &j->in[input + i]->aval);
    return true;
}

static bool same_results(const op *o, const jaxpr *a, const jaxpr *b)
{
    bool same = a->nout == b->nout;
    for (int i = 0; i < a->nout && same; i++)
        same = aval_equal(atom_aval(&a->out[i]), atom_aval(&b->out[i]), false);
    if (!same)
        base_fail(CT_TYPE_ERROR, "the branches of %s give results of different types", o->name);
    return same;
}

/* The first n results of a body are what its inputs from `input` on take. */
static bool carry_fits(const op *o, const jaxpr *j, int input, int n)
{
    for (int i = 0; i < n; i++)
        if (!aval_equal(atom_aval(&j->out[i]), &j->in[input + i]->aval, false)) {
            base_fail(CT_TYPE_ERROR, "%s: result %d of the body has another type than the carry",
                      o->name, i);
            return false;
        }
    return true;
}

bool call_fits(const op *o, const void *params, int nin, const aval *in)
{
    const jaxpr *j = params_jaxpr(o, params);
    return j && (nin == j->nin || wrong_count(o, nin)) && inputs_fit(o, j, 0, nin, 0, in);
}

bool callback_fits(const op *o, const void *params, int nin, const aval *in)
{
    (void)nin, (void)in;
    for (int i = 0; i < o->nfields; i++)
        if ((o->fields[i].kind == PARAM_FN || o->fields[i].kind == PARAM_RULE) &&
            !*(const ct_fn *)((const char *)params + o->fields[i].offset)) {
            base_fail(CT_TYPE_ERROR, "%s needs a function as its parameter '%s'", o->name,
                      o->fields[i].name);
            return false;
        }
    return true;
}

bool custom_fits(const op *o, const void *params, int nin, const aval *in)
{
    return callback_fits(o, params, nin, in) && call_fits(o, params, nin, in);
}

/* The first operand counts steps. */
bool dynamic_fits(const op *o, const void *params, int nin, const aval *in)
{
    const jaxpr *j = params_jaxpr(o, params);
    if (nin < 1 || in[0].ndim || !dtype_is((ct_dtype)in[0].dtype, FAMILY_INT))
        return wrong_count(o, nin);
    return j && (nin == j->nin || wrong_count(o, nin)) && inputs_fit(o, j, 0, nin, 0, in);
}

bool cond_fits(const op *o, const void *params, int nin, const aval *in)
{
    const jaxpr_list *branches = params;
    if (!branches->n || nin < 1 || in[0].ndim || in[0].dtype != CT_INT32) {
        base_fail(CT_TYPE_ERROR, "%s takes an index, an int32 scalar, and at least one branch",
                  o->name);
        return false;
    }
    for (int64_t i = 0; i < branches->n; i++) {
        const jaxpr *j = branches->at[i];
        if ((nin - 1 != j->nin && !wrong_count(o, nin)) || !inputs_fit(o, j, 0, nin - 1, 1, in) ||
            !same_results(o, branches->at[0], j))
            return false;
    }
    return true;
}

bool scan_fits(const op *o, const void *params, int nin, const aval *in)
{
    const params_scan *p = params;
    const jaxpr *j = p->jaxpr;
    int64_t whole = p->num_consts + p->num_carry;
    if (p->num_consts < 0 || p->num_carry < 0 || p->length < 0 || p->unroll < 1 || nin != j->nin ||
        whole > nin || p->num_carry > j->nout)
        return wrong_count(o, nin);
    if (!inputs_fit(o, j, 0, (int)whole, 0, in) ||
        !carry_fits(o, j, (int)p->num_consts, (int)p->num_carry))
        return false;
    for (int i = (int)whole; i < nin; i++) {
        aval slice = in[i];
        slice.shape++;
        slice.ndim--;
        if (in[i].ndim < 1 || in[i].shape[0] != p->length ||
            !aval_equal(&slice, &j->in[i]->aval, false))
            return misfit(o, i, &in[i], &j->in[i]->aval);
    }
    return true;
}

bool while_fits(const op *o, const void *params, int nin, const aval *in)
{
    const params_while *p = params;
    int64_t first = p->cond_nconsts + p->body_nconsts;
    if (p->cond_nconsts < 0 || p->body_nconsts < 0 || first > nin)
        return wrong_count(o, nin);
    int n = (int)(nin - first), cond = (int)p->cond_nconsts, body = (int)p->body_nconsts;
    if (p->cond->nin != cond + n || p->body->nin != body + n || p->body->nout != n ||
        p->cond->nout != 1)
        return wrong_count(o, nin);
    const aval *test = atom_aval(&p->cond->out[0]);
    bool good = test->dtype == CT_BOOL; /* its axes are the leading ones of every carry */
    for (int i = 0; i < n && good; i++)
        good = in[first + i].ndim >= test->ndim &&
               (!test->ndim || !memcmp(in[first + i].shape, test->shape,
                                       (size_t)test->ndim * sizeof *test->shape));
    if (!good) {
        base_fail(CT_TYPE_ERROR, "%s: the condition gives a bool for the carry", o->name);
        return false;
    }
    return inputs_fit(o, p->cond, 0, cond, 0, in) && inputs_fit(o, p->body, 0, body, cond, in) &&
           inputs_fit(o, p->cond, cond, n, (int)first, in) &&
           inputs_fit(o, p->body, body, n, (int)first, in) && carry_fits(o, p->body, body, n);
}
