/* Taylor mode: derivatives of any order along a path.
 *
 *     ct_tree both = ct_jet(f, ct_tuple(x), ct_tuple(ct_list(first, second)));
 *
 * gives (f(x), (first, second derivatives)) of f along the path whose derivatives at x are the
 * terms given. */
#ifndef COTAN_JET_H
#define COTAN_JET_H
#include "cotan/transform.h"
#ifdef __cplusplus
extern "C" {
#endif
/* primals: a tuple of arrays; series: for each the list of its derivatives, all of one length. The
 * result is (out, (derivatives of order 1, 2, ...)), each in the structure of f's result. */
CT_API ct_tree ct_jet_(ct_fn f, ct_tree primals, ct_tree series);
#ifdef __cplusplus
}
#else
#define ct_jet(f, primals, series) ct_jet_(ct_function(f), primals, series)
#endif
#endif
