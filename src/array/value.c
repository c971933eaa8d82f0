/* How are arrays and tracers made, and what can be asked of them?
 *
 * A concrete array is a value block (shape behind the struct) and a buffer; both come from free
 * lists, since an eager program makes one of each at every step. Whatever is made here belongs to
 * the current scope. Next: access.c. */
#include "array/array.h"

static void no_destroy(object *o) { (void)o; }
static const object_class poison_class = {no_destroy};
struct ct_value array_poison[1] = {{.head = {&poison_class, OBJECT_IMMORTAL, KIND_POISON}}};

void (*array_trace_release)(struct trace *trace, ct_array dying);
bool (*array_concrete)(ct_array a, ct_array *concrete);

ct_array ct_fail(ct_code code, const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    base_fail_v(code, format, rest);
    va_end(rest);
    return array_poison;
}

static size_t value_bytes(int64_t words)
{
    return sizeof(struct ct_value) + (size_t)words * sizeof(int64_t);
}

static void destroy_array(object *o)
{
    ct_array a = (ct_array)o;
    object_release(a->buffer);
    array_memory_free(a, value_bytes(a->aval.ndim));
}

static void destroy_tracer(object *o)
{
    ct_array a = (ct_array)o;
    if (array_trace_release && a->trace)
        array_trace_release(a->trace, a);
    object_release(a->primal);
    object_release(a->tangent);
    array_memory_free(a, value_bytes(a->aval.ndim));
}

static const object_class array_class = {destroy_array}, tracer_class = {destroy_tracer};

static inline ct_array new_value(const object_class *class, ct_kind kind, ct_dtype dtype, bool weak,
                                 int64_t ndim, const int64_t *shape)
{
    ct_array a = array_memory(value_bytes(ndim));
    if (unlikely(!a))
        return NULL;
    memset(a, 0, sizeof *a);
    a->head.class = class;
    a->head.refs = 1;
    a->head.kind = (uint8_t)kind;
    a->aval = (aval){(uint8_t)dtype, weak, (int32_t)ndim, a->dims};
    for (int64_t i = 0; i < ndim; i++)
        a->dims[i] = shape[i];
    return a;
}

static ct_array owned(ct_array a) { return likely(scope_own(a)) ? a : array_poison; }

static void destroy_zero(object *o)
{
    ct_array a = (ct_array)o;
    array_memory_free(a, value_bytes(a->aval.ndim));
}
static const object_class zero_class = {destroy_zero};

ct_array array_zero(const aval *like)
{
    ct_array a = new_value(&zero_class, KIND_ZERO, (ct_dtype)like->dtype, like->weak, like->ndim,
                           like->shape);
    if (!a)
        return array_poison;
    a->size = shape_size(like->ndim, like->shape);
    return owned(a);
}

static ct_array fail_shape(ct_dtype dtype, int64_t ndim, const int64_t *shape, const char *why)
{
    text t = {0};
    aval described = {(uint8_t)dtype, false, (int32_t)ndim, shape};
    aval_text(&t, &described, false);
    char *s = text_end(&t);
    ct_fail(CT_VALUE_ERROR, "An array of type %s cannot be made: %s.", s ? s : "?", why);
    base_free(s);
    return array_poison;
}

/* The number of elements, -1 when a size is negative, -2 when there are too many bytes to count. */
static int64_t checked_size(ct_dtype dtype, int64_t ndim, const int64_t *shape, int64_t *bytes)
{
    int64_t size = 1;
    bool overflows = false;
    for (int64_t i = 0; i < ndim; i++) {
        if (unlikely(shape[i] < 0))
            return -1;
        overflows |= !base_mul(size, shape[i], &size);
    }
    overflows |= !base_mul(size, dtype_table[dtype].itemsize, bytes);
    if (likely(!overflows))
        return size;
    for (int64_t i = 0; i < ndim;
         i++) /* a zero anywhere makes it empty, however large the others */
        if (shape[i] == 0)
            return *bytes = 0;
    return -2;
}

/* An array on this buffer, whose reference is taken over; poison without it. */
static ct_array with_buffer(buffer *b, int64_t size, ct_dtype dtype, bool weak, int64_t ndim,
                            const int64_t *shape)
{
    ct_array a = likely(b) ? new_value(&array_class, KIND_ARRAY, dtype, weak, ndim, shape) : NULL;
    if (unlikely(!a)) {
        object_release(b);
        return array_poison;
    }
    a->size = size;
    a->buffer = b;
    a->data = b->data;
    return owned(a);
}

ct_array array_new(ct_dtype dtype, bool weak, int64_t ndim, const int64_t *shape)
{
    int64_t bytes, size = checked_size(dtype, ndim, shape, &bytes);
    if (unlikely(size < 0))
        return fail_shape(dtype, ndim, shape,
                          size == -1 ? "negative dimensions are not allowed" : "it is too large");
    return with_buffer(buffer_new((size_t)bytes), size, dtype, weak, ndim, shape);
}

ct_array array_view(ct_array a, ct_dtype dtype, bool weak, int64_t ndim, const int64_t *shape)
{
    if (is_poison(a))
        return a;
    if (array_deleted(a))
        return array_fail_deleted(a), array_poison;
    object_retain(a->buffer);
    ct_array view = with_buffer(a->buffer, shape_size(ndim, shape), dtype, weak, ndim, shape);
    if (likely(!is_poison(view)))
        view->data = a->data;
    return view;
}

ct_array array_part(ct_array a, int64_t first, int64_t ndim, const int64_t *shape)
{
    ct_array part = array_view(a, (ct_dtype)a->aval.dtype, a->aval.weak, ndim, shape);
    if (likely(!is_poison(part)))
        part->data = (char *)a->data + (size_t)first * dtype_table[a->aval.dtype].itemsize;
    return part;
}

_Atomic int32_t array_readers;

void array_delete(ct_array a)
{
    if (!atomic_load(&array_readers)) {
        object_release(a->buffer);
        a->buffer = NULL;
    }
    a->data = NULL;
}

void ct_delete(ct_tree t)
{
    const ct_array *leaves;
    int64_t n = tree_leaves(&t, &leaves);
    for (int64_t i = 0; i < n; i++)
        if (is_array(leaves[i]) && !array_deleted(leaves[i]))
            array_delete(leaves[i]);
}

bool ct_is_deleted(ct_array a) { return is_array(a) && array_deleted(a); }

bool array_fail_deleted(ct_array a)
{
    text t = {0};
    aval_text(&t, &a->aval, false);
    char *type = text_end(&t);
    base_fail(CT_RUNTIME_ERROR, "Array has been deleted with shape=%s.", type ? type : "?");
    base_free(type);
    return false;
}

ct_array array_tracer(struct trace *trace, const aval *a)
{
    ct_array t =
        new_value(&tracer_class, KIND_TRACER, (ct_dtype)a->dtype, a->weak, a->ndim, a->shape);
    if (unlikely(!t))
        return array_poison;
    t->size = shape_size(a->ndim, a->shape);
    if (unlikely(!scope_own(t)))
        return array_poison;
    t->aval.ref = a->ref;
    t->trace = trace; /* only now: a tracer that was never handed out has no trace to tell */
    return t;
}

/* ---- mutable arrays ---- */

static void destroy_ref(object *o)
{
    ct_array a = (ct_array)o;
    object_release(a->primal);
    array_memory_free(a, value_bytes(a->aval.ndim));
}
static const object_class ref_class = {destroy_ref};

ct_array ref_new(struct trace *owner, const aval *type, ct_array content)
{
    ct_array r =
        new_value(&ref_class, KIND_REF, (ct_dtype)type->dtype, type->weak, type->ndim, type->shape);
    if (unlikely(!r))
        return array_poison;
    r->size = shape_size(type->ndim, type->shape);
    r->aval.ref = true;
    r->trace = owner;
    ref_store(r, content);
    return owned(r);
}

void ref_store(ct_array ref, ct_array content)
{
    ct_array old = ref->primal;
    content = content ? array_kept(content) : NULL;
    if (content)
        object_retain(content);
    ref->primal = content;
    object_release(old);
}

/* ---- scalars ---- */

ct_array array_scalar(ct_dtype dtype, bool weak, double value)
{
    ct_array a = array_new(dtype, weak, 0, NULL);
    if (likely(!is_poison(a)))
        dtype_encode(dtype, a->data, value);
    return a;
}

ct_array array_scalar_int(ct_dtype dtype, bool weak, int64_t value)
{
    if (!dtype_is(dtype, FAMILY_INT | FAMILY_UINT) || dtype_table[dtype].bits < 8)
        return array_scalar(dtype, weak, (double)value);
    ct_array a = array_new(dtype, weak, 0, NULL);
    if (likely(!is_poison(a))) /* the low bytes: wraps as C does */
        memcpy(a->data, &value, dtype_table[dtype].itemsize);
    return a;
}

ct_array ct_f32(double value) { return array_scalar(CT_FLOAT32, false, value); }
ct_array ct_f64(double value) { return array_scalar(dtype_canonical(CT_FLOAT64), false, value); }
ct_array ct_weak_float(double value)
{
    return array_scalar(dtype_default(FAMILY_FLOAT), true, value);
}
ct_array ct_weak_bool(bool value) { return array_scalar(CT_BOOL, false, value); }

static ct_array int_that_fits(ct_dtype dtype, bool weak, int64_t value)
{
    if (dtype == CT_INT32 && value != (int32_t)value)
        return ct_fail(
            CT_OVERFLOW_ERROR,
            "The integer %lld does not fit into int32. Enable 64-bit types, or give a float.",
            (long long)value);
    return array_scalar_int(dtype, weak, value);
}

ct_array ct_i32(int64_t value) { return int_that_fits(CT_INT32, false, value); }
ct_array ct_weak_int(int64_t value)
{
    return int_that_fits(dtype_default(FAMILY_INT), true, value);
}

/* ---- from C data ---- */

static bool known_dtype(ct_dtype dtype)
{
    if (dtype > CT_NO_DTYPE && dtype < CT_DTYPE_COUNT)
        return true;
    base_fail(CT_TYPE_ERROR, "There is no element type with number %d.", (int)dtype);
    return false;
}

ct_array ct_from_data(ct_dtype dtype, ct_ints shape, const void *data)
{
    if (!known_dtype(dtype))
        return array_poison;
    ct_array a = array_new(dtype, false, shape.n, shape.at);
    size_t bytes = (size_t)a->size * dtype_table[dtype].itemsize;
    if (bytes) /* none for poison */
        memcpy(a->data, data, bytes);
    return a;
}

ct_array array_kept(ct_array a)
{
    if (likely(!is_array(a) || !a->buffer || !a->buffer->lent))
        return a;
    ct_array copy = array_like(&a->aval);
    if (!is_poison(copy))
        memcpy(copy->data, a->data, (size_t)a->size * dtype_table[a->aval.dtype].itemsize);
    return copy;
}

ct_array ct_borrow_data(ct_dtype dtype, ct_ints shape, void *data, void (*done)(void *context),
                        void *context)
{
    int64_t bytes, size = known_dtype(dtype) ? checked_size(dtype, shape.n, shape.at, &bytes) : -3;
    buffer *b = NULL;
    if (size >= 0)
        b = buffer_borrow(data, (size_t)bytes, done, context);
    else if (size > -3)
        fail_shape(dtype, shape.n, shape.at,
                   size == -1 ? "negative dimensions are not allowed" : "it is too large");
    if (!b && done)
        done(context); /* the data are handed over whatever comes of it */
    return with_buffer(b, size, dtype, false, shape.n, shape.at);
}
