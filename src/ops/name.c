/* name: the identity on a value that policies of checkpoint know by a name; the tangent stays
 * unnamed. dce_sink: a use of a value that no simplification drops. */
#include "ops/ops.h"
#include "ops/rules.h"

static bool name_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)o, (void)params, (void)nin, (void)a;
    *nout = 1;
    *out = *in;
    return true;
}

static bool name_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                      ct_array *out)
{
    (void)o, (void)params, (void)nin, (void)nout;
    object_retain(in[0]);
    out[0] = scope_own(in[0]) ? in[0] : array_poison;
    return ops_good(out[0]);
}

static bool name_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                     const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    (void)nin, (void)nout;
    out[0] = core_bind1(o, params, 1, primals);
    out_tangents[0] = tangents[0];
    return ops_good(out[0]);
}

const op op_row_name = {.name = "name",
                        .flags = OP_ELEMENTWISE,
                        .code = OP_name,
                        .operands = 1,
                        .fields = fields_name,
                        .nfields = nfields_name,
                        .params_size = sizeof(params_name),
                        .abstract = name_abstract,
                        .call = name_call,
                        .jvp = name_jvp,
                        .vmap = same_dim_vmap};

ct_array op_name(ct_array x, const char *name)
{
    return core_bind1(&op_row_name, &(params_name){.name = name}, 1, &x);
}

static bool sink_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)o, (void)params, (void)nin, (void)in, (void)out, (void)a;
    *nout = 0;
    return true;
}

static bool sink_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                      ct_array *out)
{
    (void)o, (void)params, (void)nin, (void)in, (void)nout, (void)out;
    return true;
}

static bool sink_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                     const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    (void)tangents, (void)out_tangents;
    core_bind(o, params, nin, primals, nout, out);
    return ct_ok();
}

static bool sink_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                      const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b, (void)dims, (void)out_dims;
    core_bind(o, params, nin, in, nout, out);
    return ct_ok();
}

const op op_row_dce_sink = {.name = "dce_sink",
                            .flags = OP_MULTIPLE | OP_EFFECT,
                            .code = OP_dce_sink,
                            .operands = 1,
                            .fields = fields_dce_sink,
                            .nfields = nfields_dce_sink,
                            .params_size = sizeof(params_dce_sink),
                            .abstract = sink_abstract,
                            .call = sink_call,
                            .jvp = sink_jvp,
                            .vmap = sink_vmap};

void op_dce_sink(ct_array x)
{
    core_bind(&op_row_dce_sink, &(params_dce_sink){false}, 1, &x, 0, NULL);
}
