/* What functions of jax.nn share with each other and with the special functions. */
#ifndef COTAN_SRC_NN_H
#define COTAN_SRC_NN_H
#include "numpy/numpy.h"

ct_array nn_softmax_of(ct_array x, ct_ints axis, ct_array where);
/* log(sum(b exp(a))) over the axes; with return_sign the pair (log |sum|, sign). b and where may be
 * NULL. */
ct_tree nn_logsumexp_of(ct_array a, ct_ints axis, ct_array b, bool keepdims, bool return_sign,
                        ct_array where);
#endif
