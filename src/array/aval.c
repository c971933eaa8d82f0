/* What is known of a value before it is computed: dtype, weak type and shape. Next: buffer.c. */
#include "array/array.h"

bool aval_equal(const aval *a, const aval *b, bool compare_weak)
{
    return a->dtype == b->dtype && a->ref == b->ref && (!compare_weak || a->weak == b->weak) &&
           ints_equal(aval_shape(a), aval_shape(b));
}

uint64_t aval_hash(const aval *a)
{
    uint64_t h =
        base_mix((uint64_t)a->dtype << 2 | (uint64_t)a->ref << 1 | a->weak, (uint64_t)a->ndim);
    for (int32_t i = 0; i < a->ndim; i++)
        h = base_mix(h, (uint64_t)a->shape[i]);
    return h;
}

int64_t shape_size(int64_t n, const int64_t *shape)
{
    int64_t size = 1;
    for (int64_t i = 0; i < n; i++)
        size *= shape[i];
    return size;
}

void aval_text(text *t, const aval *a, bool short_form)
{
    const dtype_info *d = &dtype_table[a->dtype];
    text_add(t, "%s%s[", a->ref ? "Ref{" : "", short_form ? d->short_name : d->name);
    for (int32_t i = 0; i < a->ndim; i++)
        text_add(t, i ? ",%lld" : "%lld", (long long)a->shape[i]);
    text_add(t, a->ref ? "]}" : "]");
}
