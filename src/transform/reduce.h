/* Reductions by a program, over axes (reduce.c) and over windows (reduce_window.c): what they
 * share. */
#ifndef COTAN_SRC_REDUCE_H
#define COTAN_SRC_REDUCE_H
#include "ops/ops.h"
#include "transform/transform.h"

/* Operands: n arrays of one shape, then n scalars, the values to begin with. The program takes n
 * scalars so far and n elements, and gives n scalars. Elements come in row-major order. */
typedef struct params_reduction {
    ct_fn computation; /* what the program was made of; may be NULL */
    ct_ints dimensions;
    jaxpr *jaxpr;
} params_reduction;
typedef struct params_window_reduction {
    params_window window; /* first: its rules are for any reduction over windows */
    jaxpr *jaxpr;
} params_window_reduction;

/* Binds the row on n arrays and the initial values, with the function (so far, element) of trees
 * like these as its program, which goes to *program in the parameters. The results are in the
 * structure of what the function gave; like_operands: any other than the operands' is an error. */
ct_tree reduction_call_function(const op *o, const void *params, jaxpr **program, ct_fn f, int n,
                                const ct_array *in, ct_tree init, bool like_operands);

/* A program of scalars on each element of arrays of one shape; base_free out->at. */
CT_NODISCARD bool program_each(const jaxpr *j, ct_ints shape, int nin, const ct_array *in,
                               leaves *out);
/* The elements of a step put into the accumulators: the program on each element of arrays of one
 * shape. */
CT_NODISCARD bool reduction_step(const jaxpr *j, int n, const ct_array *so_far,
                                 const ct_array *elements, ct_array *out);
/* The initial values in this shape, strongly typed. */
CT_NODISCARD bool reduction_begin(int n, const ct_array *init, ct_ints shape, ct_array *out);

/* Rules of both rows, in terms of the programs that reduction_lower stages. */
bool reduction_fits(const op *o, const void *params, int nin, const aval *in);
bool reduction_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                    ct_array *out);
bool reduction_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                   const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents);
bool reduction_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                         const ct_array *primals, const ct_array *tangents, int nout, ct_array *out,
                         ct_array *out_tangents);
jaxpr *reduction_lower(const op *o, const void *params, int nin, const aval *in);
/* Batching where an initial value is mapped too; otherwise the arrays with their mapped axis in
 * front and false. */
CT_NODISCARD bool reduction_fronts(batch b, int nin, const ct_array *in, const int *dims,
                                   ct_array *out, bool *init_mapped);
bool reduction_vmap_all(const op *o, const void *params, batch b, int nin, const ct_array *in,
                        const int *dims, int nout, ct_array *out, int *out_dims);

/* reduce_window.c */
CT_NODISCARD bool window_reduce(const params_window_reduction *p, int n, const ct_array *in,
                                ct_array *out);
#endif
