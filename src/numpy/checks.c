/* What is checked: the check operation of programs, the messages of automatic checks, and which
 * operations those look at. Next: checkify.c makes values of failures. */
#include <pthread.h>

#include "cotan/numpy.h"
#include "numpy/checkify.h"
#include "ops/ops.h"

void (*checkify_report)(int64_t site, int n, const ct_array *values);
_Thread_local int checkify_staging;

/* ---- the check operation ---- */

static const param_field check_fields[] = {{"debug", PARAM_BOOL, offsetof(params_check, debug)},
                                           {"site", PARAM_INT, offsetof(params_check, site)}};

static bool check_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)o, (void)params, (void)nin, (void)in, (void)out, (void)a;
    *nout = 0;
    if (checkify_staging > 0)
        return true;
    base_fail(CT_VALUE_ERROR,
              "Cannot abstractly evaluate a checkify.check which was not functionalized. This "
              "probably means you tried to stage (jit/scan/pmap/...) a `check` without "
              "functionalizing it through `checkify.checkify`.");
    return false;
}

static bool check_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                       ct_array *out)
{
    (void)o, (void)nout, (void)out;
    int64_t site = ((const params_check *)params)->site;
    if (array_get_int(in[0], 0))
        return true;
    if (checkify_report)
        checkify_report(site, nin - 1, in + 1);
    else
        base_fail(CT_RUNTIME_ERROR, "check %lld failed", (long long)site);
    return false;
}

static bool check_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    (void)tangents, (void)out_tangents;
    core_bind(o, params, nin, primals, nout, out);
    return ct_ok();
}

/* The check holds when it does for every element; values are those of the first that fails. */
static bool check_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)out_dims;
    if (!b.size) /* nothing to check */
        return true;
    ct_array *values = base_alloc((size_t)nin * sizeof *values);
    if (!values)
        return false;
    ct_array holds = batch_front(in[0], dims[0], b.size), where = ct_argmin(holds);
    values[0] = ct_all(holds);
    bool good = !is_poison(values[0]) && !is_poison(where);
    for (int i = 1; i < nin && good; i++)
        good = !is_poison(values[i] = dims[i] == NOT_MAPPED
                                          ? in[i]
                                          : ct_take(in[i], where, .axis = GIVEN(dims[i])));
    if (good)
        core_bind(o, params, nin, values, nout, out);
    base_free(values);
    return good && ct_ok();
}

const op op_row_check = {.name = "check",
                         .flags = OP_MULTIPLE | OP_EFFECT | OP_HOST,
                         .code = OP_check,
                         .operands = ANY_OPERANDS,
                         .fields = check_fields,
                         .nfields = countof(check_fields),
                         .params_size = sizeof(params_check),
                         .abstract = check_abstract,
                         .call = check_call,
                         .jvp = check_jvp,
                         .vmap = check_vmap};

bool checkify_check(int64_t site, ct_array predicate, int n, const ct_array *values)
{
    ct_array *in = base_alloc((size_t)(n + 1) * sizeof *in);
    if (!in)
        return false;
    in[0] = predicate;
    if (n)
        memcpy(in + 1, values, (size_t)n * sizeof *in);
    core_bind(&op_row_check, &(params_check){.site = site}, n + 1, in, 0, NULL);
    base_free(in);
    return ct_ok();
}

/* ---- codes of automatic checks: kept for good, each text once ---- */

typedef struct automatic {
    struct automatic *next;
    int64_t code;
    char text[];
} automatic;
static pthread_mutex_t automatic_lock = PTHREAD_MUTEX_INITIALIZER;
static automatic *all_automatic;

int64_t check_code(const char *what, const char *name)
{
    text t = {0};
    text_add(&t, "%s%s", what, name);
    char *s = text_end(&t);
    int64_t code = -1;
    pthread_mutex_lock(&automatic_lock);
    automatic *a = all_automatic;
    while (s && a && strcmp(a->text, s))
        a = a->next;
    if (s && !a && (a = base_alloc(sizeof *a + strlen(s) + 1))) {
        memcpy(a->text, s, strlen(s) + 1);
        a->code = all_automatic ? all_automatic->code + 1 : CHECK_AUTOMATIC;
        a->next = all_automatic;
        all_automatic = a;
    }
    if (a)
        code = a->code;
    pthread_mutex_unlock(&automatic_lock);
    base_free(s);
    return code;
}

const char *checkify_text(int64_t code)
{
    pthread_mutex_lock(&automatic_lock);
    const automatic *a = all_automatic;
    while (a && a->code != code)
        a = a->next;
    pthread_mutex_unlock(&automatic_lock);
    return a ? a->text : NULL;
}

/* ---- which operations are looked at ---- */

static const uint16_t may_give_nan[] = {
    OP_acos,
    OP_acosh,
    OP_add,
    OP_asin,
    OP_asinh,
    OP_atan,
    OP_atan2,
    OP_atanh,
    OP_bessel_i0e,
    OP_bessel_i1e,
    OP_cbrt,
    OP_conv_general_dilated,
    OP_cos,
    OP_cosh,
    OP_cumlogsumexp,
    OP_cummax,
    OP_cummin,
    OP_cumprod,
    OP_cumsum,
    OP_custom_linear_solve,
    OP_digamma,
    OP_div,
    OP_dot_general,
    OP_erf,
    OP_erf_inv,
    OP_erfc,
    OP_exp,
    OP_expm1,
    OP_fft,
    OP_igamma,
    OP_igamma_grad_a,
    OP_igammac,
    OP_integer_pow,
    OP_lgamma,
    OP_log,
    OP_log1p,
    OP_logistic,
    OP_mul,
    OP_pad,
    OP_pow,
    OP_psum,
    OP_reduce_prod,
    OP_reduce_sum,
    OP_reduce_window_sum,
    OP_regularized_incomplete_beta,
    OP_rem,
    OP_rsqrt,
    OP_sin,
    OP_sinh,
    OP_sqrt,
    OP_sub,
    OP_tan,
    OP_tanh,
};

uint32_t checks_of(const op *o)
{
    uint32_t checks = o->code == OP_div ? CHECK_DIV : 0;
    for (size_t i = 0; i < countof(may_give_nan); i++)
        if (o->code == may_give_nan[i])
            checks |= CHECK_NAN;
    bool indexes = o->code == OP_gather || o->code == OP_dynamic_slice ||
                   o->code == OP_dynamic_update_slice || !strncmp(o->name, "scatter", 7);
    return checks | (o == &op_row_check ? CHECK_USER : indexes ? CHECK_INDEX : 0);
}

bool checks_inside(const jaxpr *j, uint32_t errors)
{
    for (const eqn *e = j->eqns; e; e = e->next) {
        if (checks_of(e->op) & errors)
            return true;
        const jaxpr *inner;
        for (int64_t i = 0; (inner = params_program(e->op, e->params, i)); i++)
            if (checks_inside(inner, errors))
                return true;
    }
    return false;
}
