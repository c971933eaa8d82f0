/* The program as passes see it: values and the nodes that make them, calls inlined. Lives in one
 * arena while a program is compiled. */
#ifndef COTAN_SRC_COMPILE_GRAPH_H
#define COTAN_SRC_COMPILE_GRAPH_H
#include "compile/compile.h"

typedef enum value_origin { FROM_INPUT, FROM_CONST, FROM_NODE } value_origin;

typedef struct value {
    aval aval;
    int64_t size;
    size_t bytes;
    uint8_t origin;   /* value_origin */
    int32_t index;    /* of the input or node */
    int32_t position; /* which result of the node */
    ct_array array;   /* FROM_CONST: the constant or literal; the jaxpr keeps it */
    bool read;        /* by a live node, or a result of the program */
    /* set by grouping */
    bool stored;   /* has memory of its own: an input, a constant, or made by a step and needed by
                      another */
    int32_t alias; /* value whose memory this is (itself, or what it is a reshape of) */
    int32_t group; /* of the group that makes it; -1: none */
    int8_t dims[LOOP_DIMS]; /* in its group: the space's dimension along each of the value's; -1
                               where the extent is 1 */
    int32_t part_of; /* value whose memory this is a region of, from part_offset elements on; -1 */
    int64_t part_offset;
    bool outside; /* made in its group but to be read from memory there too (split reductions) */
    /* set by planning */
    int32_t slot, first_step, last_step;
} value;

/* What fusion can do with a node. */
typedef enum node_role {
    ROLE_OPAQUE, /* its own kernel, on memory */
    ROLE_MAP,    /* elementwise, by scalar bodies */
    ROLE_LOOKUP, /* reads its first operand, which is in memory, at places it computes: gathers,
                    dynamic slices, reductions over windows */
    ROLE_VIEW,   /* index arithmetic: broadcast_in_dim, transpose, slice, rev, squeeze, reshape by
                    ones, iota */
    ROLE_ALIAS,  /* the same memory under another shape */
    ROLE_REDUCE,
    ROLE_JOIN, /* a concatenation: what makes its operands writes them into its memory */
} node_role;

typedef struct node {
    const op *op;
    const void *params;
    int32_t nin, nout;
    int32_t *in, *out;
    bool live;
    uint8_t role; /* node_role */
    int32_t group;
    int32_t tree;   /* where the expression ends that it is part of; set by grouping */
    uint8_t part;   /* of an operation on parts of complex numbers: which result of its body, from 1
                       on; 0: no such node */
    int32_t region; /* of what is computed again (remat2): its nodes are not merged with those of
                       other regions, nor put into groups from before it; 0: none */
} node;

typedef struct graph {
    arena arena;
    const jaxpr *j;
    vec(value) values;
    vec(node) nodes;
    int32_t *outputs; /* j->nout values */
    table numbering;
    int32_t region, nregions; /* the current one, and how many there are besides 0 */
    int32_t lowerings;        /* that are being read, one inside the other */
    int32_t *first_group;     /* by region: where its nodes may start; set by grouping */
    arena *kept;              /* the program's: what its steps point to */
    vec(object *) held;       /* constants and programs made here; one reference each */
} graph;

/* The program that a call is replaced by; NULL: the operation stays. */
const jaxpr *graph_inlined(const op *o, const void *params);
/* graph.c: inlines calls, folds scalars, merges equal nodes, marks live ones. */
CT_NODISCARD bool graph_build(graph *g, const jaxpr *j, arena *kept);
/* slices.c: elementwise operations behind the slices that read them. */
CT_NODISCARD bool graph_move_slices(graph *g);
/* rewrite.c: products of transposed matrices and transposed products, without the transposes. */
CT_NODISCARD bool graph_rewrite(graph *g);
/* spell.c: the program of an equation that kernels take in once it is spelled out; NULL: none, or
 * after a failure. */
CT_NODISCARD jaxpr *graph_spelled(const eqn *e, const aval *in);
/* pairs.c: complex values as pairs of real ones, where kernels compute with them. */
CT_NODISCARD bool graph_pair(graph *g);
void graph_free(graph *g);
/* Has the graph hold it; takes over a reference. */
CT_NODISCARD bool graph_keep(graph *g, object *o);
/* -1 without memory. */
int32_t graph_add_value(graph *g, const aval *a, value_origin origin, int index, ct_array array);
static inline value *graph_in(const graph *g, const node *n, int i)
{
    return &g->values.at[n->in[i]];
}
static inline value *graph_out(const graph *g, const node *n, int i)
{
    return &g->values.at[n->out[i]];
}

/* ---- groups: what becomes one kernel or one opaque call ---- */
typedef struct group {
    bool opaque;
    int32_t node; /* opaque: the node */
    int32_t ndim;
    int64_t extent[LOOP_DIMS];
    uint32_t reduced;
    bool split; /* full reductions over too much for one unit: partial results, then a second kernel
                 */
    int32_t cost, loads;
    vec(int32_t) members; /* nodes, in order */
} group;
typedef vec(group) groups;

/* group.c: what fusion can do with a node. */
node_role graph_role(const graph *g, const node *n);
/* Is this transpose, reshape, slice or the like mere index arithmetic? */
bool graph_moves_nothing(const graph *g, const node *n);
/* group.c: assigns every live node a role and a group, and says which values are stored. */
CT_NODISCARD bool group_nodes(graph *g, groups *out);
void groups_free(groups *gs);

/* Where an element of a value comes from, seen from an element of another: for each dimension of
 * the source, dimension of the viewer (-1: none) times scale plus offset. */
typedef struct view {
    int32_t source;
    int8_t part; /* of a complex source: 1 real, 2 imaginary; 0: the source is real */
    int8_t dim[LOOP_DIMS];
    int64_t scale[LOOP_DIMS], offset[LOOP_DIMS];
} view;
/* Follows views from operand i of a node to what is stored or fused: views.c. What counts as an
 * operand is said by operand_count. */
void view_operand(const graph *g, const node *n, int i, view *v);
void view_identity(const graph *g, int32_t source, view *v);
/* One step: v sees the result of a view node; afterwards it sees the node's operand. */
void view_through(const graph *g, const node *n, view *v);

/* ---- lookups: lookup.c ---- */
/* Can a kernel do this gather, dynamic slice or reduction over windows? */
bool lookup_fuses(const graph *g, const node *n);
/* Operands as kernels see them: a node's own, or the first one of a lookup and its indices, one for
 * each dimension of the first that they move along. */
int operand_count(const graph *g, const node *n);
/* The concatenation that a gather's indices are, if its operands are their components: the gather
 * then reads those. */
const node *joined_index(const graph *g, const node *n);
/* From operand i of a lookup to the value it is read from; for the first: where all indices are 0.
 */
void lookup_view(const graph *g, const node *n, int i, view *v);

/* ---- bodies ---- */
/* The body of a primitive at a dtype; -1: none. */
int body_find(const char *primitive, int dtype);
int body_find_convert(int from, int to);
/* The primitive that combines in a reduction (OP_reduce_sum and so on); NULL for other operations.
 */
const char *body_combining(int reduction);
/* Can loops compute with it (stored, at most 64 bits, not complex, not a key)? */
bool loop_dtype(int dtype);
/* The dtype that names the body of an elementwise node. */
int body_dtype(const graph *g, const node *n);
/* Halves are computed in float32. */
static inline int compute_dtype(int dtype)
{
    return dtype == CT_BFLOAT16 || dtype == CT_FLOAT16 ? CT_FLOAT32 : dtype;
}

/* ---- lowering a group: lower.c ---- */
typedef struct lowered {
    kernel_ir k;
    int32_t *buffers; /* value in each buffer; loads first; -1: the partial results of a split
                         reduction */
} lowered;
/* One kernel, or two for a split group (the second reads the first's partial results, whose bytes
 * are written). */
CT_NODISCARD bool lower_group(graph *g, const group *gr, lowered *out, int *n,
                              size_t *partial_bytes);
#endif
