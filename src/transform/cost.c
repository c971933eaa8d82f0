/* What does a program cost? Operations, transcendental functions and bytes, counted equation by
 * equation, as if nothing were fused. A branch counts as its dearest, a while loop as one turn. */
#include "cotan/stages.h"
#include "ops/ops.h"
#include "transform/transform.h"

static double elements(const aval *a) { return (double)shape_size(a->ndim, a->shape); }
static double bytes_of(const aval *a) { return elements(a) * dtype_table[a->dtype].itemsize; }

static bool transcendental(int code)
{
    static const int codes[] = {OP_exp,      OP_exp2,  OP_log,    OP_expm1,  OP_log1p, OP_tanh,
                                OP_logistic, OP_sin,   OP_cos,    OP_tan,    OP_asin,  OP_acos,
                                OP_atan,     OP_sinh,  OP_cosh,   OP_asinh,  OP_acosh, OP_atanh,
                                OP_sqrt,     OP_rsqrt, OP_cbrt,   OP_erf,    OP_erfc,  OP_erf_inv,
                                OP_pow,      OP_atan2, OP_lgamma, OP_digamma};
    for (size_t i = 0; i < countof(codes); i++)
        if (codes[i] == code)
            return true;
    return false;
}

/* A product adds and multiplies once for each element of the result and of what is contracted. */
static double product_flops(const eqn *e)
{
    const dot_dims *d = &((const params_dot_general *)e->params)->dimension_numbers;
    const aval *x = atom_aval(&e->in[0]);
    double contracted = 1;
    for (int64_t i = 0; i < d->lhs_contract.n; i++)
        contracted *= (double)x->shape[d->lhs_contract.at[i]];
    return 2 * contracted * elements(&e->out[0]->aval);
}

static double convolution_flops(const eqn *e)
{
    const conv_dims *d = &((const params_conv *)e->params)->dimension_numbers;
    const aval *kernel = atom_aval(&e->in[1]);
    return 2 * elements(&e->out[0]->aval) * elements(kernel) /
           (double)kernel->shape[d->rhs_spec.at[0]];
}

static const void *field_named(const eqn *e, const char *name)
{
    for (int i = 0; i < e->op->nfields; i++)
        if (!strcmp(e->op->fields[i].name, name))
            return (const char *)e->params + e->op->fields[i].offset;
    return NULL;
}

static void add_scaled(ct_cost *c, const ct_cost *more, double times)
{
    c->flops += times * more->flops;
    c->transcendentals += times * more->transcendentals;
    c->bytes += times * more->bytes;
}

/* Whether the equation runs programs, whose cost was added. */
static bool add_programs(const eqn *e, ct_cost *cost)
{
    const int64_t *length = field_named(e, "length");
    bool any = false;
    for (int i = 0; i < e->op->nfields; i++) {
        const void *at = (const char *)e->params + e->op->fields[i].offset;
        ct_cost most = {0};
        if (e->op->fields[i].kind == PARAM_JAXPR) {
            jaxpr_cost(*(jaxpr *const *)at, &most);
        } else if (e->op->fields[i].kind == PARAM_JAXPRS) {
            for (int64_t k = 0; k < ((const jaxpr_list *)at)->n; k++) {
                ct_cost branch = {0};
                jaxpr_cost(((const jaxpr_list *)at)->at[k], &branch);
                most = branch.flops + branch.bytes > most.flops + most.bytes ? branch : most;
            }
        } else {
            continue;
        }
        add_scaled(cost, &most, length ? (double)*length : 1);
        any = true;
    }
    return any;
}

static void add_equation(const eqn *e, ct_cost *cost)
{
    if (add_programs(e, cost))
        return;
    double in = 0, out = 0;
    for (int i = 0; i < e->nin; i++) {
        in += elements(atom_aval(&e->in[i]));
        cost->bytes += bytes_of(atom_aval(&e->in[i]));
    }
    for (int i = 0; i < e->nout; i++)
        if (e->out[i]) {
            out += elements(&e->out[i]->aval);
            cost->bytes += bytes_of(&e->out[i]->aval);
        }
    switch (e->op->code) {
    case OP_dot_general:
        cost->flops += product_flops(e);
        break;
    case OP_conv_general_dilated:
        cost->flops += convolution_flops(e);
        break;
    case OP_reduce_sum:
    case OP_reduce_prod:
    case OP_reduce_max:
    case OP_reduce_min:
        cost->flops += in - out;
        break;
    case OP_convert_element_type: /* of weakness alone: nothing happens */
        if (e->out[0] && e->out[0]->aval.dtype != atom_aval(&e->in[0])->dtype)
            cost->flops += out;
        break;
    default:
        if (transcendental(e->op->code))
            cost->transcendentals += out;
        else if (e->op->flags & OP_ELEMENTWISE)
            cost->flops += out;
    }
}

void jaxpr_cost(const jaxpr *j, ct_cost *cost)
{
    for (const eqn *e = j->eqns; e; e = e->next)
        add_equation(e, cost);
}
