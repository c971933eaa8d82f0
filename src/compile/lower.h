/* What the files that lower a group share: lower.c (groups, maps, reductions) and lookup.c (nodes
 * that read elsewhere than at the point). */
#ifndef COTAN_SRC_COMPILE_LOWER_H
#define COTAN_SRC_COMPILE_LOWER_H
#include "compile/graph.h"

/* One group on its way to a kernel. Functions that make nodes clear ok when they fail, and return a
 * node that nobody will use. */
typedef struct lowering {
    graph *g;
    const group *gr;
    int32_t at; /* the group's number, as its members know it */
    lowered *out;
    int8_t dim_of[LOOP_DIMS]; /* kernel dimension of a space dimension; -1: extent 1 */
    int32_t *node_of;         /* loop node of each value of the graph; -1 */
    vec(loop_node) nodes;
    vec(loop_access) accesses;
    vec(loop_store) stores;
    vec(int32_t) buffers;
    bool ok;
} lowering;

/* A place that is computed. */
typedef struct lower_place {
    int32_t at;     /* elements to add to an access; -1: none */
    int32_t inside; /* bool: it lay inside before it was moved there; -1: always */
} lower_place;
#define NO_PLACE ((lower_place){-1, -1})

/* Adds a node, or finds the same one among the latest. */
int32_t lower_node(lowering *l, loop_node n);
int32_t lower_body(lowering *l, int body, int dtype, int nin, const int32_t *in);
int32_t lower_constant(lowering *l, int dtype, uint64_t bits);
int32_t lower_convert(lowering *l, int32_t x, int to);
/* scale * index + offset of the kernel's dimension k (-1: only the offset), of int32 or int64. */
int32_t lower_index(lowering *l, int k, int64_t scale, int64_t offset, int dtype);
/* The kernel's dimension along dimension d of a value whose dimensions lie along dims; -1: none. */
int lower_dim(const lowering *l, const int8_t *dims, int d);
/* The strides of a value's memory along the kernel's dimensions, when the value is seen through v
 * by something whose dimensions lie along dims. */
loop_access lower_access(lowering *l, const view *v, const int8_t *dims);
/* at: elements to add to the access, or -1. */
int32_t lower_load(lowering *l, loop_access a, int dtype, int32_t at);
/* Of a sequence: x to memory, at its turn among the loads. */
void lower_store(lowering *l, loop_access a, int32_t x, lower_place at);
/* What a reduction (OP_reduce_sum and so on) starts from. */
uint64_t lower_identity(int reduction, int dtype);
/* An elementwise node (ROLE_MAP) on operands that are nodes of the kernel. */
int32_t lower_map(lowering *l, const node *n, const int32_t *in);

/* ---- lookup.c ---- */
/* Offsets into so many elements are int32 where that suffices. */
int lower_offset_dtype(int64_t size);
/* Elements from one index along dimension d to the next. */
static inline int64_t shape_stride(const aval *x, int d)
{
    return shape_size(x->ndim - d - 1, x->shape + d + 1);
}
/* Adds x * stride, x being moved into [0, last] first; wide: the offset's dtype. bounded: whether x
 * lay there matters. */
void lower_move(lowering *l, lower_place *p, int32_t x, int64_t last, int64_t stride, int wide,
                bool bounded);
/* x where `inside` holds. */
int32_t lower_or_else(lowering *l, int32_t inside, int32_t x, int32_t otherwise);
/* in: the operands from the second on. */
int32_t lower_lookup(lowering *l, const node *n, const int32_t *in, const int8_t *dims);
#endif
