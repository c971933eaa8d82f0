/* The C spellings of simple indexing (cotan/index.h), in terms of numpy_index. */
#include "cotan/index.h"
#include "numpy/index.h"

static index_item integer(int64_t i) { return (index_item){.kind = INDEX_INTEGER, .start = i}; }
static index_item picked(ct_array indices)
{
    return (index_item){.kind = INDEX_ARRAY, .array = indices};
}

ct_array ct_row(ct_array x, int64_t i)
{
    index_item item = integer(i);
    return numpy_index(x, 1, &item, NULL);
}

ct_array ct_rows(ct_array x, int64_t start, int64_t stop)
{
    index_item item = {
        .kind = INDEX_SLICE, .start_given = true, .stop_given = true, .start = start, .stop = stop};
    return numpy_index(x, 1, &item, NULL);
}

ct_array ct_pick(ct_array x, ct_array indices)
{
    index_item item = picked(indices);
    return numpy_index(x, 1, &item, NULL);
}

ct_array ct_set_row(ct_array x, int64_t i, ct_array value)
{
    index_item item = integer(i);
    return numpy_index_update(x, 1, &item, INDEX_SET, value, NULL);
}

ct_array ct_add_at(ct_array x, ct_array indices, ct_array values)
{
    index_item item = picked(indices);
    return numpy_index_update(x, 1, &item, INDEX_ADD, values, NULL);
}
