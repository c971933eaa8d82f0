/* NumPy indexing on recorded cases, eagerly and through the operations that a trace would see
 * (recorded/index_cases.h, by record_index.py). */
#include "test.h"

#include "numpy/index.h"
#include "ops/ops.h"

typedef struct index_case {
    int ndim;
    int64_t shape[4];
    const char *items, *mode, *update;
    bool vector;
    int result_ndim;
    int64_t result[12];
    const float *values;
} index_case;
static const index_case cases[] = {
#include "recorded/index_cases.h"
};

static int64_t numbers(const char **s, int64_t *out)
{
    int64_t n = 0;
    while (**s && **s != '=' && **s != ' ') {
        char *end;
        out[n++] = strtoll(*s, &end, 10);
        *s = end + (*end == ',');
    }
    return n;
}

static ct_array array_item(const char **s, bool mask)
{
    int64_t shape[8], values[64];
    int64_t ndim = numbers(s, shape);
    (*s)++;
    int64_t n = numbers(s, values);
    bool truths[64];
    int32_t integers[64];
    for (int64_t i = 0; i < n; i++) {
        truths[i] = values[i];
        integers[i] = (int32_t)values[i];
    }
    return ct_from_data(mask ? CT_BOOL : CT_INT32, (ct_ints){ndim, shape},
                        mask ? (void *)truths : (void *)integers);
}

static bool bound(const char **s, int64_t *value)
{
    char *end;
    *value = strtoll(*s, &end, 10);
    bool given = end != *s;
    *s = end + (*end == ':');
    return given;
}

static int parse(const char *s, index_item *items)
{
    int n = 0;
    for (; *s; s += *s == ' ') {
        index_item *i = &items[n++];
        *i = (index_item){0};
        switch (*s++) {
        case 'i':
            i->kind = INDEX_INTEGER;
            bound(&s, &i->start);
            break;
        case 's':
            i->kind = INDEX_SLICE;
            i->start_given = bound(&s, &i->start);
            i->stop_given = bound(&s, &i->stop);
            i->step_given = bound(&s, &i->step);
            break;
        case 'n':
            i->kind = INDEX_NEWAXIS;
            break;
        case 'e':
            i->kind = INDEX_ELLIPSIS;
            break;
        default:
            i->kind = INDEX_ARRAY;
            i->array = array_item(&s, s[-1] == 'm');
        }
    }
    return n;
}

static ct_array run(const index_case *c)
{
    static const char *const names[] = {"set",    "add",   "subtract", "multiply",
                                        "divide", "power", "min",      "max"};
    index_item items[16];
    index_options o = {0};
    float data[1024], value[16];
    int64_t size = shape_size(c->ndim, c->shape);
    for (int64_t i = 0; i < size; i++)
        data[i] = (float)i;
    ct_array x = ct_from_data(CT_FLOAT32, (ct_ints){c->ndim, c->shape}, data);
    int n = parse(c->items, items);
    if (!index_mode_named(c->mode, &o.mode))
        return array_poison;
    if (!strcmp(c->update, "get"))
        return numpy_index(x, n, items, &o);
    ct_array part = numpy_index(x, n, items, NULL);
    int64_t last = c->vector ? ct_dim(part, -1) : 1;
    for (int64_t i = 0; i < last; i++)
        value[i] = c->vector ? (float)(i + 1) : 7;
    ct_array values = ct_from_data(CT_FLOAT32, c->vector ? (ct_ints){1, &last} : I_NONE, value);
    for (size_t i = 0; i < countof(names); i++)
        if (!strcmp(names[i], c->update))
            return numpy_index_update(x, n, items, (index_update)i, values, &o);
    return array_poison;
}

static void check(const index_case *c, ct_array y)
{
    const void *data;
    char label[200];
    snprintf(label, sizeof label, "x[%s] mode=%s %s", c->items, c->mode ? c->mode : "None",
             c->update);
    if (!ct_data(y, &data)) {
        TEST_FAILED("%s: %s", label, ct_error_message());
        ct_clear_error();
        return;
    }
    if (!ints_equal(ct_shape(y), (ct_ints){c->result_ndim, c->result})) {
        TEST_FAILED("%s: other shape", label);
        return;
    }
    for (int64_t i = 0; i < ct_size(y); i++) {
        float got = ((const float *)data)[i];
        if (!strcmp(c->update, "divide"))
            got = rintf(got);
        if (got != c->values[i] && !(isnan(got) && isnan(c->values[i]))) {
            TEST_FAILED("%s: element %d is %g, not %g", label, (int)i, got, c->values[i]);
            return;
        }
    }
}

TEST(recorded)
{
    for (size_t i = 0; i < countof(cases); i++)
        check(&cases[i], run(&cases[i]));
}

/* A trace that only hands operations on: keeps the fast paths out. */
static bool pass_on(trace *t, const op *o, const void *params, int nin, const ct_array *in,
                    int nout, ct_array *out)
{
    (void)t;
    return core_eval(o, params, nin, in, nout, out);
}

TEST(recorded_in_operations)
{
    static const trace_class class = {.name = "passing", .process = pass_on};
    trace t = {.class = &class, .alive = true};
    t.head.refs = INT32_MAX / 2;
    trace_context c = trace_enter(&t);
    for (size_t i = 0; i < countof(cases); i++)
        check(&cases[i], run(&cases[i]));
    trace_leave(c);
}

static ct_array vector(void) { return ct_from_data(CT_FLOAT32, I(3), (float[]){1, 2, 3}); }

TEST(errors)
{
    index_item integer = {.kind = INDEX_INTEGER}, dots = {.kind = INDEX_ELLIPSIS};
    index_item real = {.kind = INDEX_ARRAY, .array = ct_f32(1)};
    index_item still = {.kind = INDEX_SLICE, .step_given = true};
    index_mode mode;
    CHECK_FAILS(numpy_index(vector(), 2, (index_item[]){integer, integer}, NULL), CT_INDEX_ERROR,
                "Too many indices: array is 1-dimensional, but 2 were indexed");
    CHECK_FAILS(numpy_index(vector(), 2, (index_item[]){dots, dots}, NULL), CT_INDEX_ERROR,
                "single ellipsis");
    CHECK_FAILS(numpy_index(vector(), 1, &real, NULL), CT_TYPE_ERROR,
                "Indexer must have integer or boolean type, got indexer with type float32");
    CHECK_FAILS(numpy_index(vector(), 1, &still, NULL), CT_VALUE_ERROR,
                "slice step cannot be zero");
    CHECK_FAILS(CHECK(!index_mode_named("wrap", &mode)), CT_VALUE_ERROR,
                "Unknown gather mode \"wrap\"");
    index_item mask = {.kind = INDEX_ARRAY,
                       .array = ct_from_data(CT_BOOL, I(2), (bool[]){true, false})};
    CHECK_FAILS(numpy_index(vector(), 1, &mask, NULL), CT_INDEX_ERROR, "got (2,), expected [3]");
    CHECK_FAILS(numpy_index(ct_from_data(CT_FLOAT32, I(0, 2), ""), 1, &integer, NULL),
                CT_INDEX_ERROR, "index is out of bounds for axis 0 with size 0");
    CHECK_FAILS(
        numpy_index_update(vector(), 1, &integer, INDEX_SET, vector(), NULL), CT_VALUE_ERROR,
        "Incompatible types for broadcasting: input type=float32[3] and requested type=float32[]");
}
