/* Python's operators on arrays. Each slot converts the other operand and calls the C function of
 * jax.numpy that the operator stands for.
 *
 * The functions are looked up once in the binding table, by name; an operator whose function is not
 * there raises NotImplementedError. */
#include "api/binding.h"
#include "ext.h"

enum operator{
    OPERATOR_add,
    OPERATOR_subtract,
    OPERATOR_multiply,
    OPERATOR_remainder,
    OPERATOR_power,
    OPERATOR_true_divide,
    OPERATOR_floor_divide,
    OPERATOR_matmul,
    OPERATOR_left_shift,
    OPERATOR_right_shift,
    OPERATOR_bitwise_and,
    OPERATOR_bitwise_or,
    OPERATOR_bitwise_xor,
    OPERATOR_less,
    OPERATOR_less_equal,
    OPERATOR_equal,
    OPERATOR_not_equal,
    OPERATOR_greater,
    OPERATOR_greater_equal,
    OPERATOR_negative,
    OPERATOR_abs,
    OPERATOR_invert,
    OPERATOR_divmod,
    OPERATOR_COUNT
};
static const struct {
    const char *function, *symbol;
} names[OPERATOR_COUNT] = {
    {"add", "+"},
    {"subtract", "-"},
    {"multiply", "*"},
    {"remainder", "%"},
    {"power", "** or pow()"},
    {"true_divide", "/"},
    {"floor_divide", "//"},
    {"matmul", "@"},
    {"left_shift", "<<"},
    {"right_shift", ">>"},
    {"bitwise_and", "&"},
    {"bitwise_or", "|"},
    {"bitwise_xor", "^"},
    {"less", "<"},
    {"less_equal", "<="},
    {"equal", "=="},
    {"not_equal", "!="},
    {"greater", ">"},
    {"greater_equal", ">="},
    {"negative", "-"},
    {"abs", "abs"},
    {"invert", "~"},
    {"divmod", "divmod"},
};
static const bind_function *functions[OPERATOR_COUNT];

static const bind_function *find(enum operator o)
{
    if (likely(functions[o] != NULL))
        return functions[o];
    functions[o] = ext_bound("numpy", names[o].function);
    if (!functions[o])
        PyErr_Format(PyExc_NotImplementedError,
                     "the operator %s is missing: jax.numpy.%s does not exist yet", names[o].symbol,
                     names[o].function);
    return functions[o];
}

/* Through the general call when the function takes options. */
static PyObject *call_general(enum operator o, PyObject *a, PyObject *b)
{
    PyObject *f = ext_bound_object("numpy", names[o].function);
    PyObject *args[] = {a, b};
    return f ? PyObject_Vectorcall(f, args, b ? 2 : 1, NULL) : NULL;
}

static PyObject *binary(enum operator o, PyObject *a, PyObject *b)
{
    const bind_function *f = find(o);
    if (!f)
        return NULL;
    ct_scope scope = ct_begin();
    ct_array x = ext_is_value(a) ? ext_value_of(a) : ext_try_array(a, 0);
    ct_array y = !x ? NULL : ext_is_value(b) ? ext_value_of(b) : ext_try_array(b, 0);
    if (unlikely(!x || !y)) {
        ct_end_(scope, NULL);
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_NOTIMPLEMENTED;
    }
    if (f->how != BIND_CALL_2) {
        ct_end_(scope, NULL);
        return call_general(o, a, b);
    }
    return ext_finish(scope, ((ct_array(*)(ct_array, ct_array))f->call)(x, y));
}

static PyObject *unary(enum operator o, PyObject *a)
{
    const bind_function *f = find(o);
    if (!f)
        return NULL;
    if (f->how != BIND_CALL_1)
        return call_general(o, a, NULL);
    ct_scope scope = ct_begin();
    return ext_finish(scope, ((ct_array(*)(ct_array))f->call)(ext_value_of(a)));
}

#define BINARY(function)                                                                           \
    static PyObject *slot_##function(PyObject *a, PyObject *b)                                     \
    {                                                                                              \
        return binary(OPERATOR_##function, a, b);                                                  \
    }
#define UNARY(function)                                                                            \
    static PyObject *slot_##function(PyObject *a) { return unary(OPERATOR_##function, a); }
BINARY(add)
BINARY(subtract)
BINARY(multiply)
BINARY(remainder)
BINARY(true_divide)
BINARY(floor_divide)
BINARY(matmul)
BINARY(left_shift)
BINARY(right_shift)
BINARY(bitwise_and)
BINARY(bitwise_or)
BINARY(bitwise_xor)
BINARY(divmod)
UNARY(negative)
UNARY(abs)
UNARY(invert)

static PyObject *slot_power(PyObject *a, PyObject *b, PyObject *modulus)
{
    if (modulus == Py_None)
        return binary(OPERATOR_power, a, b);
    PyErr_SetString(PyExc_NotImplementedError, "pow() of arrays takes no modulus");
    return NULL;
}

static PyObject *slot_positive(PyObject *a) { return Py_NewRef(a); }

PyObject *ext_richcompare(PyObject *a, PyObject *b, int comparison)
{
    static const uint8_t which[] = {
        [Py_LT] = OPERATOR_less,    [Py_LE] = OPERATOR_less_equal,
        [Py_EQ] = OPERATOR_equal,   [Py_NE] = OPERATOR_not_equal,
        [Py_GT] = OPERATOR_greater, [Py_GE] = OPERATOR_greater_equal,
    };
    return binary((enum operator)which[comparison], a, b);
}

/* ---- Python's scalars ---- */

/* Keys are no numbers; false: exception. */
static bool check_number(PyObject *self)
{
    if (likely(!dtype_is((ct_dtype)ext_value_of(self)->aval.dtype, FAMILY_KEY)))
        return true;
    PyErr_Format(
        PyExc_TypeError,
        "a key array cannot be converted to boolean or to a number: the argument must be a "
        "string or a real number, not '%s'. jax.random.key_data gives its words.",
        strrchr(Py_TYPE(self)->tp_name, '.') + 1);
    return false;
}

static ct_array one_element(PyObject *self, ct_code code, const char *function)
{
    if (!check_number(self))
        return NULL;
    ct_array a = ext_concrete(self, code, function);
    if (a && a->aval.ndim && code != CT_TRACER_BOOL_ERROR) {
        PyErr_Format(PyExc_TypeError,
                     "Only scalar arrays can be converted to Python scalars; got arr.ndim=%d",
                     a->aval.ndim);
        return NULL;
    }
    return a;
}

static PyObject *slot_float(PyObject *self)
{
    ct_array a = one_element(self, CT_CONCRETIZATION_ERROR, EXT_CONVERSION("float"));
    if (!a)
        return NULL;
    if (dtype_is((ct_dtype)a->aval.dtype, FAMILY_COMPLEX)) {
        PyErr_SetString(PyExc_TypeError,
                        "a complex array cannot be converted to float; take its real part");
        return NULL;
    }
    return PyFloat_FromDouble(array_get_double(a, 0));
}

static PyObject *slot_int(PyObject *self)
{
    ct_array a = one_element(self, CT_CONCRETIZATION_ERROR, EXT_CONVERSION("int"));
    if (!a)
        return NULL;
    if (dtype_inexact((ct_dtype)a->aval.dtype))
        return PyLong_FromDouble(array_get_double(a, 0));
    if (a->aval.dtype == CT_UINT64)
        return PyLong_FromUnsignedLongLong((uint64_t)array_get_int(a, 0));
    return PyLong_FromLongLong(array_get_int(a, 0));
}

static PyObject *slot_index(PyObject *self)
{
    ct_array a = ext_concrete(self, CT_TRACER_INTEGER_ERROR, NULL);
    if (!a)
        return NULL;
    if (a->aval.ndim || !dtype_is((ct_dtype)a->aval.dtype, FAMILY_INT | FAMILY_UINT)) {
        PyErr_SetString(PyExc_TypeError,
                        "Only integer scalar arrays can be converted to a scalar index.");
        return NULL;
    }
    return slot_int(self);
}

static int slot_bool(PyObject *self)
{
    if (!check_number(self))
        return -1;
    int64_t size = ext_value_of(self)->size;
    ct_array a = size == 1 ? ext_concrete(self, CT_TRACER_BOOL_ERROR, NULL) : NULL;
    if (!a && size == 1)
        return -1;
    if (a) {
        if (!dtype_inexact((ct_dtype)a->aval.dtype))
            return array_get_int(a, 0) != 0;
        if (array_get_double(a, 0) != 0)
            return 1;
        return a->aval.dtype == CT_COMPLEX64    ? ((const float *)a->data)[1] != 0
               : a->aval.dtype == CT_COMPLEX128 ? ((const double *)a->data)[1] != 0
                                                : 0;
    }
    PyErr_SetString(PyExc_ValueError,
                    size ? "The truth value of an array with more than one element is "
                           "ambiguous. Use a.any() or a.all()"
                         : "The truth value of an empty array is ambiguous. Use `array.size > "
                           "0` to check that an array is not empty.");
    return -1;
}

const PyType_Slot ext_number_slots[] = {
    {Py_nb_add, (void *)slot_add},
    {Py_nb_subtract, (void *)slot_subtract},
    {Py_nb_multiply, (void *)slot_multiply},
    {Py_nb_remainder, (void *)slot_remainder},
    {Py_nb_power, (void *)slot_power},
    {Py_nb_true_divide, (void *)slot_true_divide},
    {Py_nb_floor_divide, (void *)slot_floor_divide},
    {Py_nb_matrix_multiply, (void *)slot_matmul},
    {Py_nb_divmod, (void *)slot_divmod},
    {Py_nb_lshift, (void *)slot_left_shift},
    {Py_nb_rshift, (void *)slot_right_shift},
    {Py_nb_and, (void *)slot_bitwise_and},
    {Py_nb_or, (void *)slot_bitwise_or},
    {Py_nb_xor, (void *)slot_bitwise_xor},
    {Py_nb_negative, (void *)slot_negative},
    {Py_nb_positive, (void *)slot_positive},
    {Py_nb_absolute, (void *)slot_abs},
    {Py_nb_invert, (void *)slot_invert},
    {Py_nb_float, (void *)slot_float},
    {Py_nb_int, (void *)slot_int},
    {Py_nb_index, (void *)slot_index},
    {Py_nb_bool, (void *)slot_bool},
    {0, NULL},
};
