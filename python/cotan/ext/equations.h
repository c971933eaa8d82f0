/* Jaxprs, equations and primitives as Python's objects: what equations.c, jaxpr.c, params.c,
 * primitive.c and staging.c share. */
#ifndef COTAN_EXT_EQUATIONS_H
#define COTAN_EXT_EQUATIONS_H
#include "ext.h"
#include "ops/ops.h"

/* An attribute of cotan.core: a new reference. */
PyObject *ext_core_attribute(const char *name);
/* A set of Effect objects of the bits of enum effect. */
PyObject *ext_effects(uint32_t effects);
/* A ShapedArray. */
PyObject *ext_aval(const aval *a);
/* The aval of an array-like or of anything that has a shape and a dtype, its shape in the arena.
 * False and an exception for others. */
bool ext_aval_of(PyObject *o, aval *out, arena *memory);
/* False, with an exception or not, when o is neither an array nor a description of one. */
bool ext_try_aval(PyObject *o, aval *out, arena *memory);
/* A list of what `item` makes (new references) for 0 to n - 1. */
PyObject *ext_list(Py_ssize_t n, PyObject *(*item)(const void *env, Py_ssize_t i), const void *env);
/* The arrays' objects, None for NULL. */
PyObject *ext_list_of_arrays(int n, const ct_array *values);
PyObject *ext_list_of_avals(int n, const aval *avals);

/* ---- variables, literals, equations (equations.c) ---- */
typedef struct ext_var {
    PyObject_HEAD jaxpr *owner; /* keeps v; both NULL for one that Python made */
    var *v;                     /* points back where it is one of a traced program's */
    PyObject *aval;
    PyObject *weakrefs;
} ext_var;
typedef struct ext_literal {
    PyObject_HEAD ct_array value; /* NULL for one that Python made */
    PyObject *val, *aval;
} ext_literal;
enum { EXT_EQN_FIELDS = 7 };
typedef struct ext_eqn {
    PyObject_HEAD jaxpr *owner; /* keeps e; both NULL for one that Python made */
    const eqn *e;
    PyObject *field[EXT_EQN_FIELDS]; /* NULL until asked for */
} ext_eqn;
extern PyTypeObject *ext_var_type, *ext_drop_var_type, *ext_literal_type, *ext_eqn_type;
PyObject *ext_wrap_var(jaxpr *owner, var *v);
PyObject *ext_wrap_atom(jaxpr *owner, const atom *a);
PyObject *ext_wrap_eqn(jaxpr *owner, const eqn *e);
/* A field of an equation by its number in the constructor's order: a new reference. */
PyObject *ext_eqn_field(PyObject *eqn, void *number);
/* The literal's value in its aval's type, of the current scope; NULL and an exception. */
ct_array ext_literal_array(PyObject *literal);
/* type(self)(every named attribute, but for those in kwargs) */
PyObject *ext_replaced(PyObject *self, PyObject *args, PyObject *kwargs, const char *const *names);

/* ---- jaxprs (jaxpr.c, building.c) ---- */
/* Lists of Var, Var, Var or Literal, JaxprEqn. */
typedef struct ext_parts {
    PyObject *constvars, *invars, *outvars, *eqns;
} ext_parts;
/* A verified program whose leading inputs are the constants; NULL and an exception. */
jaxpr *ext_build_jaxpr(ext_parts p);
/* The ClosedJaxpr of a program: one object each. */
PyObject *ext_wrap_jaxpr(jaxpr *j);

/* ---- parameters (params.c) ---- */
/* A function among the parameters: it only says what it is and goes into equations of o again. */
PyObject *ext_rule_capsule(ct_fn f, const op *o);
ct_fn ext_rule_of(PyObject *capsule, const op *o);
extern const tree_host ext_params_host;
/* As JAX has them; first: the first operand's type, if there is one. */
PyObject *ext_params_dict(const op *o, const void *params, int nin, const aval *first, int nout);
/* Fills the struct from a dict (NULL: empty); lists go into the arena, programs stay with the
 * dict's objects. */
bool ext_params_read(const op *o, PyObject *dict, void *out, arena *memory);

/* ---- primitives (primitive.c, host_primitive.c) ---- */
/* A row for a primitive of Python, whose object it keeps: both stay for good, since programs point
 * to them. NULL when memory is short. */
op *ext_host_row(PyObject *primitive, const char *name);
enum rule_kind { RULE_JVP, RULE_TRANSPOSE, RULE_BATCH, RULE_LOWERING };
/* Python's tables have (or do not have any more) a rule in the place of a library's; false when
 * memory is short. */
bool ext_replace_rule(const op *o, int kind, bool by_python);
/* Whether it says the types of its results. */
bool ext_declares_types(const op *o);
/* The i-th of the mapped axes at env; None for NOT_MAPPED. */
PyObject *ext_dim_item(const void *env, Py_ssize_t i);
typedef struct ext_primitive {
    PyObject_HEAD const op *op;
    PyObject *name, *dict, *weakrefs;
    char multiple; /* bind returns a list */
} ext_primitive;
extern PyTypeObject *ext_primitive_type;
/* Types of the results, in the arena, and their number; NULL and an exception. */
aval *ext_result_avals(const op *o, const void *params, int nin, const aval *in, int *nout,
                       arena *memory);
/* The Primitive of a row: one object each. */
PyObject *ext_wrap_primitive(const op *o);
#endif
