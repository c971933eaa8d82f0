/* Random bits and numbers without keys. */
#include "lax/lax.h"

ct_tree lax_rng_bit_generator(const ct_lax_rng_bit_generator_args *a)
{
    ct_array out[2];
    if (a->algorithm < 0 || a->algorithm > 2)
        return ct_fail(CT_VALUE_ERROR,
                       "rng_bit_generator: algorithm=%lld is none of RandomAlgorithm: 0, 1, 2",
                       (long long)a->algorithm);
    params_rng_bit_generator p = {.algorithm = (int)a->algorithm,
                                  .dtype = a->dtype == CT_NO_DTYPE ? CT_UINT32
                                                                   : dtype_canonical(a->dtype),
                                  .shape = a->shape};
    op_rng_bit_generator(a->key, &p, out);
    return is_poison(out[0]) ? out[0] : ct_tuple_(2, out);
}

ct_array lax_rng_uniform(const ct_lax_rng_uniform_args *a)
{
    return op_rng_uniform(a->a, a->b, a->shape);
}
