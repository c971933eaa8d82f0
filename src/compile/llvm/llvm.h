/* Inside the code generator: the emitter's state, shared by widen.c (bodies at vector width),
 * emit.c (loops) and kernel.c (units, phases, stores). */
#ifndef COTAN_SRC_COMPILE_LLVM_H
#define COTAN_SRC_COMPILE_LLVM_H
#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include "compile/loops.h"

enum { MAX_UNROLL = 4, MAX_FAR = 3, BODY_TYPES = BODY_F64 + 1 };

/* The same value in each of the unrolled vectors. */
typedef struct lanes {
    LLVMValueRef at[MAX_UNROLL];
} lanes;

typedef struct emitter {
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef b;
    LLVMValueRef function;
    LLVMTypeRef i1, i32, i64, ptr, scalar[BODY_TYPES];
    /* declarations, by the width's logarithm, result and operand */
    LLVMValueRef intrinsics[7][64][BODY_TYPES][BODY_TYPES];

    /* of the kernel at hand */
    const kernel_ir *k;
    kernel_shape shape;
    loop_place *places;
    LLVMTypeRef vector[BODY_TYPES];
    lanes *value; /* of each node */
    LLVMValueRef
        *base; /* of each access: its address at the present position, lane 0 of vector 0 */
    LLVMValueRef index[LOOP_DIMS]; /* present position; of the last dimension: its first lane */
    LLVMValueRef limit;            /* lanes at or beyond it are masked; NULL: all are live */
    LLVMValueRef mask[MAX_UNROLL]; /* NULL: all live */
    int live;                      /* vectors emitted at once */
    LLVMValueRef ragged_extent;    /* trip count of the ragged dimension in this unit */
    bool streamed;
    bool lone; /* of a sequence without lanes: who waits for one value waits for all of its step */
    LLVMValueRef
        far_space[1 + MAX_FAR]; /* stack for arguments and results that go to the C library */
    bool *wanted,
        *early; /* of each node: computed in the step at hand; computed in it before its turn */
    /* expensive inner values that several passes over a row need: computed in one, kept on the
     * stack for the others */
    LLVMValueRef *kept;   /* of each node: its row on the stack; NULL */
    int32_t *first_phase; /* of each node: the first phase that needs it; -1 */
    int64_t kept_bytes;
} emitter;

/* Which machine type stands for a dtype; BODY_VOID: none. */
LLVMValueRef llvm_int(emitter *e, int64_t value);
/* Of the function, behind its others. */
LLVMBasicBlockRef llvm_new_block(emitter *e);
LLVMValueRef llvm_splat_bits(emitter *e, body_type type, uint64_t bits);
LLVMValueRef llvm_splat(emitter *e, LLVMValueRef scalar, body_type type);

/* widen.c: appends body `number` applied to nargs vectors, `live` copies interleaved. */
void llvm_body(emitter *e, int number, int live, const lanes *args, lanes results[2]);
/* far.c: stack for far arguments, reserved at the entry; the values of node n, whose body may not
 * take all arguments, and of its like. False: it takes all. */
void llvm_far_space(emitter *e);
bool llvm_far(emitter *e, int n, int live);
/* divide.c: the value of node n, if it divides single integers. */
bool llvm_divide(emitter *e, int n);
/* kernel.c: what sequences share with other kernels. Addresses of the accesses and stores at the
 * present position: at its beginning; moved along dimension d to index i; kept to come back to. */
LLVMValueRef llvm_bytes_on(emitter *e, LLVMValueRef address, LLVMValueRef bytes);
void llvm_load_buffers(emitter *e);
void llvm_advance(emitter *e, int d, LLVMValueRef i);
LLVMValueRef *llvm_save_addresses(emitter *e); /* NULL without memory */
void llvm_restore_addresses(emitter *e, LLVMValueRef *copy);
/* A vector in memory, where `own` is set (NULL: everywhere). */
LLVMValueRef llvm_load_masked(emitter *e, LLVMTypeRef type, LLVMValueRef at, int64_t size,
                              LLVMValueRef own);
void llvm_store_masked(emitter *e, LLVMValueRef v, LLVMValueRef at, int64_t size, LLVMValueRef own);
/* The same, past the caches where it is a whole vector and `streams`. */
void llvm_store_part(emitter *e, LLVMValueRef v, LLVMValueRef at, int64_t size, LLVMValueRef own,
                     bool streams);
/* strided.c: lanes that are `step` elements of so many bytes apart; -1: backwards, all of them
 * live. */
bool llvm_is_strided(const emitter *e, int64_t size, int64_t step, bool stored);
/* All lanes are live. */
LLVMValueRef llvm_load_apart(emitter *e, LLVMTypeRef type, LLVMValueRef base, int64_t size,
                             int64_t step);
/* Sets the value of load n, and of those that read beside it. */
void llvm_load_strided(emitter *e, int n, LLVMTypeRef type, int64_t size, int64_t step, int live);
void llvm_store_strided(emitter *e, LLVMValueRef v, LLVMValueRef base, int64_t size, int64_t step,
                        LLVMValueRef live);
/* The stores, among n, that together with stores[i] fill memory without a gap, in the order of
 * their places: how many; 0: there are no such. */
int llvm_stores_beside(const emitter *e, int n, const int *stores, int i, int beside[]);
/* Writes vectors whose lanes alternate in memory. */
void llvm_store_beside(emitter *e, int step, const LLVMValueRef *v, LLVMValueRef base, int64_t size,
                       LLVMValueRef live, bool streams);
/* Lanes before the limit, of a vector whose first lane is given. */
LLVMValueRef llvm_lane_mask(emitter *e, LLVMValueRef first, LLVMValueRef limit);
/* Sets the value of node n, whose operands have theirs; writes vector u of store s. */
void llvm_node(emitter *e, int n, int live);
void llvm_store(emitter *e, int s, LLVMValueRef v, int u);
/* Vectors are so wide from here on. */
void llvm_set_width(emitter *e, int width);
/* pack.c: nodes of a sequence without lanes that are computed side by side. */
typedef struct packing packing;
/* phase: of each node: -1 when no step changes it, else packs are made of nodes of one phase. *out
 * is NULL where there are lanes; false without memory. */
bool llvm_packing(emitter *e, const int8_t *phase, packing **out);
void llvm_packing_free(packing *p);
/* Before the loop; at its head, whose predecessor is `before`; at its end. */
void llvm_packs_before(packing *p);
void llvm_packs_open(packing *p, LLVMBasicBlockRef before);
void llvm_packs_close(packing *p, LLVMBasicBlockRef last);
/* Is the node (or carry) in a pack? If so, its members and their number; computes the pack, whose
 * operands are known. */
bool llvm_in_pack(const packing *p, int32_t n);
const int32_t *llvm_pack_members(const packing *p, int32_t n, int32_t *count);
void llvm_pack(packing *p, int32_t n);
/* Computes a node that is in none. */
void llvm_alone(packing *p, int32_t n);
/* The forms that are known so far, to come back to after code that may be passed by; NULL without
 * memory. */
LLVMValueRef *llvm_save_forms(const packing *p);
void llvm_restore_forms(packing *p, LLVMValueRef *copy);
/* A node's value as a number; as a carry has it. Such forms are forgotten, where code goes on that
 * they do not reach. */
LLVMValueRef llvm_number(packing *p, int32_t n);
LLVMValueRef llvm_carried(packing *p, int32_t n);
void llvm_forget_forms(packing *p);
/* branch.c: selections of a sequence without lanes that are branches. */
typedef struct branches {
    const packing *packs;
    int32_t count;
    int32_t *branch;    /* of each node: the branch that selects it; -1 */
    int32_t *arm;       /* of each node: twice the branch, and 1 when it is wanted where the
                           condition holds; -1: always */
    int32_t *condition; /* of each branch: a node */
    int32_t *outer;     /* of each branch: the arm that it is in; -1 */
} branches;
bool llvm_branches(emitter *e, const int8_t *phase, const packing *packs, branches *out);
void llvm_branches_free(branches *b);
/* sequence.c: the inside of a sequence's function; is a buffer stored to from step to step? */
bool llvm_is_written(const kernel_ir *k, int32_t buffer);
bool llvm_sequence(emitter *e);
/* kernel.c: the function of one kernel. */
bool llvm_kernel(emitter *e, const kernel_ir *k, const char *name);
/* object.c: lays out an ELF object as a blob. */
bool llvm_link(const char *object, size_t size, int n, code_blob *out, char *message);
#endif
