#!/usr/bin/env python3
"""Reads the stubs in api/ and writes everything that follows from a function's signature.

A stub is ordinary Python: names, arguments, defaults, annotations, a docstring. api/numpy.pyi is module "numpy" with the
C prefix ct_; api/lax.pyi is "lax" with ct_lax_, api/scipy.special.pyi is "scipy.special" with ct_scipy_special_. From

    def cumsum(a: ArrayLike, axis: int | None = None, dtype: DTypeLike | None = None, out: None = None) -> Array:
        '''Cumulative sum along an axis. ...'''

come, in build/generated:
    cotan/numpy.h    ct_cumsum_args, ct_cumsum_(const ct_cumsum_args *) and the macro ct_cumsum(a, .axis = GIVEN(0))
    api/bodies.h     ct_array numpy_cumsum(const ct_cumsum_args *a): what src/numpy has to define
    api/calls.c      ct_cumsum_ itself: checks the arrays, fills in defaults, opens a scope, calls numpy_cumsum
    binding.c        the table of src/api/binding.h
    cases.json       the list of functions, for the law tests
    reference/       a page a module (with --docs)

A function of one to three required arrays (and parameters that are not supported yet) is a plain function, ct_array ct_sin(ct_array x) made of numpy_sin(x),
so that ct_vmap(ct_sin) works; a macro of the same name lets C numbers in: ct_mul(-2.0, x).

The body, numpy_NAME in src/numpy (lax_NAME in src/lax, ...), sees arguments that are complete: arrays are neither NULL nor poison nor
trees, and what the caller left out has the stub's default. Its temporaries die when it returns.

Annotations (KINDS below):                                     in C, and what the body sees
    ArrayLike                       required array             ct_array
    ArrayLike = 1e-05               array with a default       ct_array; the default as a weakly typed scalar
    ArrayLike | None = None         optional array             ct_array or NULL
    ArrayLike | Shaped              also takes what has only a shape and a dtype
    ArrayLike | Wide                also takes ints of 64 bits, of which the lower half counts without jax_enable_x64
    KeyArrayLike                    one random key             ct_array; raw words are wrapped
    ArrayLike | list                also takes nested lists    ct_array (in C the same as ArrayLike)
    Sequence[ArrayLike], *xs: ArrayLike                        ct_arrays
    PyTree                                                     ct_tree; with a default of None perhaps NULL
    int, int = 0                                               int64_t
    int = 1, int | None = ...                                  ct_opt_int; given is false for None
    bool = False                                               bool
    bool = True, bool | None = None                            ct_switch: CT_TRUE, CT_FALSE, CT_DEFAULT for None
    float; float | None                                        double; ct_opt_float
    str, str | None                                            const char *, NULL for None
    DTypeLike, DTypeLike | None                                ct_dtype, CT_NO_DTYPE for None (defaults float and int are the default dtypes)
    Axis                                                       ct_ints, {0, NULL} for None
    Shape, Shape | None, Sequence[int]                         ct_ints, {0, NULL} for None
    Padding                                                    ct_ints, flattened pairs
    Nested, Nested | None                                      ct_ints: numbers, texts and sequences of them, as lax/lax.h reads them
    PrecisionLike                                              int, as ct_precision
    Callable; Callable | None                                  ct_fn, NULL for None
    Accuracy                        takes no space: results are as accurate as any of its values asks
    None                            not supported yet: takes no space; anything but the default is an error

Decorators:
    @primitive, @primitive("and")   no body: the function is that operation of src/ops
    @jitted                         jaxprs show it as an inner jit; arrays that are left out are constants of its program
    @jitted("_name")                the same under another name, that of a function to which arrays left out are passed, too
    @compiled                       compiled when it is called often, as what is jitted is too
    @ufunc                          has ufunc methods
    @short("mul")                   a second C name
    @positional(3)                  the C macro takes three leading parameters by position, C numbers allowed where they are arrays
An assignment, `abs = absolute`, makes an alias. A class holds the functions of a module inside the module: `class norm` in scipy.stats.pyi is
"scipy.stats.norm". In it, `pdf = cdf = law("x, loc=0")` stands for functions of these arrays, which LAWS describes; the first one has the class's example.

With --docs alone only the reference pages are written: tools/generate.py --docs docs/reference
"""
import argparse
import ast
import json
import pathlib
import re
import sys

# annotation: (bind kind, C type); None as C type: no field
KINDS = {
    "ArrayLike": ("ARRAY", "ct_array"),
    "ArrayLike | list": ("ARRAY", "ct_array"),
    "ArrayLike | Shaped": ("ARRAY", "ct_array"),
    "ArrayLike | Wide": ("ARRAY", "ct_array"),
    "KeyArrayLike": ("ARRAY", "ct_array"),
    "ArrayLike | None": ("ARRAY_OPT", "ct_array"),
    "Sequence[ArrayLike]": ("ARRAYS", "ct_arrays"),
    "PyTree": ("TREE", "ct_tree"),
    "int": ("INT", "int64_t"),
    "int | None": ("INT_OPT", "ct_opt_int"),
    "bool": ("BOOL", "bool"),
    "bool | None": ("SWITCH", "ct_switch"),
    "float": ("FLOAT", "double"),
    "float | None": ("FLOAT_OPT", "ct_opt_float"),
    "str": ("STRING", "const char *"),
    "str | None": ("STRING", "const char *"),
    "DTypeLike": ("DTYPE", "ct_dtype"),
    "DTypeLike | None": ("DTYPE", "ct_dtype"),
    "Axis": ("AXES", "ct_ints"),
    "Shape": ("SHAPE", "ct_ints"),
    "Shape | None": ("SHAPE", "ct_ints"),
    "Sequence[int]": ("SHAPE", "ct_ints"),
    "Sequence[int] | None": ("SHAPE", "ct_ints"),
    "ArrayLike | list | None": ("ARRAY_OPT", "ct_array"),
    "Padding": ("PAIRS", "ct_ints"),
    "Nested": ("NESTED", "ct_ints"),
    "Nested | None": ("NESTED", "ct_ints"),
    "Padding | None": ("PAIRS", "ct_ints"),
    "PrecisionLike": ("PRECISION", "int"),
    "Callable": ("FN", "ct_fn"),
    "Callable | None": ("FN", "ct_fn"),
    "Accuracy": ("ACCURACY", None),
    "None": ("NONE", None),
}
# what the functions of a distribution are, their first parameter being {}
LAWS = {
    "logpdf": "Logarithm of the density at {}.",
    "pdf": "Density at {}.",
    "logpmf": "Logarithm of the probability of {}.",
    "pmf": "Probability of {}.",
    "cdf": "Probability of a value up to {}.",
    "logcdf": "Logarithm of ``cdf``.",
    "sf": "Probability of a value above {}.",
    "logsf": "Logarithm of ``sf``.",
    "ppf": "The value up to which the probability is {}: inverse of ``cdf``.",
    "isf": "The value above which the probability is {}: inverse of ``sf``.",
}
ARRAY_KINDS = ("ARRAY", "ARRAY_OPT")
RESERVED = {"default", "operator", "new", "delete", "register", "class", "else", "if", "for", "do", "int", "float", "bool", "char",
            "double", "short", "long", "signed", "unsigned", "union", "struct", "enum", "switch", "case", "this", "template", "not",
            "and", "or", "xor", "static", "const", "void", "auto", "extern", "inline", "true", "false", "I"}


class Stub(Exception):
    pass


class Param:
    """One parameter: its name, its kind, its default as Python text (None when required)."""

    def __init__(self, arg, default, where, function):
        text = ast.unparse(arg.annotation) if arg.annotation else ""
        if text not in KINDS:
            raise Stub(f"{function}: parameter {arg.arg} has annotation {text!r}; known ones: {', '.join(KINDS)}")
        self.name, self.where, self.annotation = arg.arg, where, text
        self.kind, self.ctype = KINDS[text]
        self.default = None if default is None else ast.unparse(default)
        self.value = None
        if default is not None:
            try:
                self.value = ast.literal_eval(default)
            except ValueError:
                self.value = default  # float, int: a name
        self.variadic = where == "variadic"
        if self.variadic and self.ctype:
            self.kind, self.ctype = KINDS["Sequence[ArrayLike]"]
        self.choose(function)
        self.field = self.name + "_" if self.name in RESERVED else self.name

    def choose(self, function):
        """Defaults other than zero need a type that can say "not given"."""
        if self.default is None or self.value is None:
            return
        if self.kind == "INT" and self.value != 0:
            self.kind, self.ctype = KINDS["int | None"]
        elif self.kind == "BOOL" and self.value is True:
            self.kind, self.ctype = KINDS["bool | None"]
        elif self.kind == "FLOAT" and self.value != 0:
            self.kind, self.ctype = KINDS["float | None"]
        elif self.kind == "ARRAY":
            self.kind = "ARRAY_OPT"

    @property
    def required(self):
        return self.default is None and not self.variadic

    def fill(self):
        """C statements that put the default where nothing was given."""
        f, v = f"c.{self.field}", self.value
        if self.default is None and self.kind == "INT_OPT":
            return [f"if ({f}.value == CT_NONE_INT) {f} = (ct_opt_int){{false, 0}};"]
        if self.default is None and self.kind in ("AXES", "SHAPE") and "None" in self.annotation:
            return [f"if ({f}.n < 0) {f} = (ct_ints){{0, NULL}};"]
        if self.default is None or (v is None and self.kind != "SWITCH"):
            return []
        if self.kind == "INT_OPT":
            return [f"if (!{f}.given) {f} = (ct_opt_int){{true, {v}}};",
                    f"if ({f}.value == CT_NONE_INT) {f} = (ct_opt_int){{false, 0}};"]
        if self.kind == "FLOAT_OPT":
            return [f"if (!{f}.given) {f} = (ct_opt_float){{true, {v!r}}};"]
        if self.kind == "SWITCH" and v is not None:
            return [f"if ({f} == CT_DEFAULT) {f} = {'CT_TRUE' if v else 'CT_FALSE'};"]
        if self.kind in ("ARRAY_OPT", "TREE"):
            make = ("ct_weak_bool({})" if isinstance(v, bool) else "ct_weak_int({})" if isinstance(v, int) else "ct_weak_float({})")
            return [f"if (!{f}) {f} = {make.format(str(v).lower() if isinstance(v, bool) else repr(v))};"]
        if self.kind == "NESTED" and isinstance(v, str):
            codes = ", ".join(str(ord(ch)) for ch in v)
            return [f"{f} = {f}.n || {f}.at ? {f} : I({len(v)}, {codes});"]
        if self.kind == "STRING":
            return [f"if (!{f}) {f} = {quote(v)};"]
        if self.kind == "DTYPE":
            family = {"float": "FLOAT", "int": "INT", "complex": "COMPLEX"}.get(self.default)
            dtype = f"dtype_default(FAMILY_{family})" if family else {"bool": "CT_BOOL"}.get(self.default, "CT_" + self.default.upper())
            return [f"if ({f} == CT_NO_DTYPE) {f} = {dtype};"]
        if self.kind in ("AXES", "SHAPE"):
            items = [v] if isinstance(v, int) else list(v)
            given = f"I({', '.join(map(str, items))})" if items else "I_NONE"
            return [f"{f} = {f}.n || {f}.at ? {f} : {given};", f"if ({f}.n < 0) {f} = (ct_ints){{0, NULL}};"]
        return []


class Function:
    """One stub."""

    def __init__(self, module, node):
        self.module, self.name, self.node = module, node.name, node
        self.jit_name, self.ufunc, self.compiled, self.short, self.positional, self.primitive = None, False, False, None, None, None
        for d in node.decorator_list:
            self.decorate(d)
        self.doc = ast.get_docstring(node) or ""
        if not self.doc:
            raise Stub(f"{self.name} has no docstring")
        self.params = self.read_params(node.args)
        arrays = [p for p in self.params if p.kind == "ARRAY" and p.required]
        self.direct = len(arrays) if len(arrays) == len(self.fields) and 1 <= len(arrays) <= 3 else 0
        self.returns = ast.unparse(node.returns) if node.returns else "Array"
        self.result = "ct_array" if self.returns == "Array" else "ct_tree"
        prefix = "" if module == "numpy" else module.replace(".", "_") + "_"
        self.public = "ct_" + prefix + self.name
        self.body = self.primitive or module.replace(".", "_") + "_" + self.name
        self.row = "params_" + module.replace(".", "_") + "_" + self.name
        if self.primitive and not self.direct:
            raise Stub(f"{self.name}: a primitive takes arrays only")
        self.short = self.short and "ct_" + prefix + self.short

    def decorate(self, d):
        name = d.func.id if isinstance(d, ast.Call) else d.id
        value = d.args[0].value if isinstance(d, ast.Call) else None
        if name == "jitted":
            self.jit_name = value or self.name
        elif name == "compiled":
            self.compiled = True
        elif name == "ufunc":
            self.ufunc = True
        elif name == "primitive":
            self.primitive = "op_" + (value or self.name)
        elif name == "short":
            self.short = value
        elif name == "positional":
            self.positional = value
        else:
            raise Stub(f"{self.name}: unknown decorator {name}")

    def read_params(self, a):
        out = []
        front = a.posonlyargs + a.args
        defaults = [None] * (len(front) - len(a.defaults)) + list(a.defaults)
        for i, (arg, default) in enumerate(zip(front, defaults)):
            out.append(Param(arg, default, "positional" if i < len(a.posonlyargs) else "any", self.name))
        if a.vararg:
            out.append(Param(a.vararg, None, "variadic", self.name))
        for arg, default in zip(a.kwonlyargs, a.kw_defaults):
            out.append(Param(arg, default, "keyword", self.name))
        return out

    @property
    def signature(self):
        if self.ufunc:
            return "(*args, out=None, where=None)"
        parts, slash, star = [], False, False
        for p in self.params:
            if slash and p.where != "positional":
                parts.append("/")
                slash = False
            slash = slash or p.where == "positional"
            if p.where == "keyword" and not star:
                parts.append("*")
            star = star or p.where in ("keyword", "variadic")
            parts.append(("*" if p.variadic else "") + p.name + ("" if p.default is None else "=" + p.default))
        return "(" + ", ".join(parts + (["/"] if slash else [])) + ")"

    @property
    def path(self):
        return f"{self.module}.{self.name}"

    @property
    def struct(self):
        return self.public + "_args"

    @property
    def fields(self):
        return [p for p in self.params if p.ctype]

    def leading(self):
        """The parameters that C's macro takes by position."""
        if self.positional is not None:
            return self.fields[:self.positional]
        out = []
        for p in self.fields:
            if p.default is not None and not p.variadic:
                break
            out.append(p)
        return out

    def prototype(self, name, macro_safe=False):
        n = f"({name})" if macro_safe else name
        if self.direct:
            return f"{self.result} {n}({', '.join('ct_array ' + p.field for p in self.fields)})"
        return f"{self.result} {name}{'_' if macro_safe else ''}(const {self.struct} *{'args' if macro_safe else 'a'})"


def quote(s):
    return "NULL" if s is None else json.dumps(s, ensure_ascii=True)


def comment(doc):
    lines = doc.replace("*/", "* /").replace("/*", "/ *").split("\n")
    if len(lines) == 1:
        return f"/* {lines[0]} */"
    return "/* " + "\n".join([lines[0]] + [(" * " + l).rstrip() for l in lines[1:]]) + " */"


def functions_of(owner):
    """The functions of a class: its own, and those that laws stand for."""
    doc = ast.get_docstring(owner) or ""
    example = "\n\n" + doc[doc.index(">>>"):] if ">>>" in doc else ""
    for node in owner.body:
        if not isinstance(node, ast.Assign):
            yield node
            continue
        for target in node.targets:
            made = ast.parse(f"def {target.id}({node.value.args[0].value}) -> Array: 0").body[0]
            for arg in made.args.args:
                arg.annotation = ast.Name("ArrayLike")
            made.body[0].value = ast.Constant(LAWS[target.id].format(made.args.args[0].arg) + example)
            example = ""
            yield ast.copy_location(made, node)


def read_module(path):
    module = path.stem
    functions, aliases = [], []
    body = ast.parse(path.read_text(), str(path)).body
    inner = [(f"{module}.{c.name}", node) for c in body if isinstance(c, ast.ClassDef) for node in functions_of(c)]
    for owner, node in [(module, node) for node in body] + inner:
        try:
            if isinstance(node, ast.FunctionDef):
                functions.append(Function(owner, node))
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                aliases.append((node.targets[0].id, node.value.id))
        except Stub as e:
            sys.exit(f"{path}:{node.lineno}: {e}")
    names = {f.name: f for f in functions if f.module == module}
    every = [f.path for f in functions] + [f"{module}.{a}" for a, _ in aliases]
    for name in every:
        if every.count(name) > 1:
            sys.exit(f"{path}: {name} stands there twice")
    for alias, target in aliases:
        if target not in names:
            sys.exit(f"{path}: {alias} = {target}: no such function")
    return module, functions, [(a, names[t]) for a, t in aliases]


# ---- the public header of a module ----

def header_macro(f):
    if f.public == "ct_array":  # the type's name: call ct_array_
        return ""
    if f.direct:
        names = [chr(ord("x") + i) for i in range(f.direct)]
        return f"#define {f.public}({', '.join(names)}) ({f.public})({', '.join(f'CT_VALUE({n})' for n in names)})"
    lead = f.leading()
    if not lead:
        return f"#define {f.public}(...) {f.public}_(&(const {f.struct}){{__VA_ARGS__}})"
    names = [f"{p.field}_" for p in lead]
    sets = [f".{p.field} = " + (f"CT_VALUE({n})" if p.kind in ARRAY_KINDS else n) for p, n in zip(lead, names)]
    rest = len(f.fields) > len(lead)
    if not rest:
        return f"#define {f.public}({', '.join(names)}) {f.public}_(&(const {f.struct}){{{', '.join(sets)}}})"
    return (f"#define {f.public}({', '.join(names + ['...'])}) \\\n"
            f"    {f.public}_(&(const {f.struct}){{{', '.join(sets)} __VA_OPT__(,) __VA_ARGS__}})")


def header_function(f):
    out = [comment(f.doc)]
    if not f.direct:
        fields = "".join(f"    {p.ctype}{'' if p.ctype.endswith('*') else ' '}{p.field};"
                         + (f" /* default: {p.default} */" if p.default not in (None, "None", "False", "0") else "") + "\n"
                         for p in f.fields)
        out.append(f"typedef struct {f.struct} {{\n{fields}}} {f.struct};")
    out.append(f"CT_API {f.prototype(f.public, True)};")
    return "\n".join(out)


def write_header(module, functions, aliases):
    guard = "COTAN_" + module.upper().replace(".", "_") + "_H"
    out = [f"/* {module}: generated from api/{module}.pyi. */", f"#ifndef {guard}", f"#define {guard}", '#include "cotan/arguments.h"',
           '#include "cotan/transform.h"', "#ifdef __cplusplus", 'extern "C" {', "#endif", ""]
    out += [header_function(f) + "\n" for f in functions]
    out += ["#ifdef __cplusplus", "}", "#endif", "", "#ifndef __cplusplus"]
    out += [m for m in map(header_macro, functions) if m]
    out.append("#endif")
    prefix = "ct_" if module == "numpy" else "ct_" + module.replace(".", "_") + "_"
    out += [f"#define {f.short} {f.public}" for f in functions if f.short]
    out += [f"#define {prefix}{alias} {f.public}" for alias, f in aliases]
    out.append("#endif")
    return "\n".join(out) + "\n"


# ---- the calls: argument checks, defaults, scope, staging ----

def call_checks(f):
    if f.direct:
        bad = " || ".join(f"call_rejects({p.field})" for p in f.fields)
        each = ", ".join(p.field for p in f.fields)
        return [f"if (unlikely({bad}))", f"    return call_refuse({quote(f.name)}, {f.direct}, (ct_array[]){{{each}}});"]
    out = []
    for p in f.fields:
        if p.kind == "ARRAY":
            out += [f"if (unlikely(call_rejects(c.{p.field})))", f"    return call_refuse({quote(f.name)}, 1, &c.{p.field});"]
        elif p.kind == "ARRAY_OPT":
            out += [f"if (c.{p.field} && unlikely(call_rejects(c.{p.field})))", f"    return call_refuse({quote(f.name)}, 1, &c.{p.field});"]
        elif p.kind == "ARRAYS":
            out += [f"for (int64_t i = 0; i < c.{p.field}.n; i++)", f"    if (unlikely(call_rejects(c.{p.field}.at[i])))",
                    f"        return call_refuse({quote(f.name)}, 1, &c.{p.field}.at[i]);"]
        elif p.kind == "TREE" and not p.required:
            out += [f"if (c.{p.field} && is_poison(c.{p.field}))", f"    return call_refuse({quote(f.name)}, 1, &c.{p.field});"]
        elif p.kind == "TREE":
            out += [f"if (!c.{p.field} || is_poison(c.{p.field}))", f"    return call_refuse({quote(f.name)}, 1, &c.{p.field});"]
    return out


def write_call(f, index):
    lines = [] if f.direct else [f"{f.struct} c = *args;"]
    args = ", ".join(p.field for p in f.fields) if f.direct else "&c"
    fills = [] if f.direct else [s for p in f.fields for s in p.fill()]
    fills += [f"if (is_poison(c.{p.field} = random_one_key({quote(f.name)}, c.{p.field}))) return ct_end_(scope, array_poison);"
              for p in f.fields if p.annotation == "KeyArrayLike"]
    lines += call_checks(f)
    lines.append("ct_scope scope = ct_begin();")
    lines += fills
    block = f"(ct_array[]){{{args}}}" if f.direct else args
    given = "args" if f.jit_name == f.name and not f.direct else "NULL"
    call = f"(&bind_functions[{index}], (void (*)(void)){f.body}, {quote(f.jit_name or f.name)}, {block}, {given})"
    if f.jit_name:
        lines += ["if (unlikely(core_current) && call_staging())", f"    return ct_end_(scope, call_staged{call});"]
    if f.jit_name or f.compiled:
        lines += ["if (likely(!core_current))", f"    return ct_end_(scope, call_often{call});"]
    lines.append(f"return ct_end_(scope, {f.body}({args}));")
    return f.prototype(f.public, True) + "\n{\n" + "".join(f"    {l}\n" for l in lines) + "}\n"


# ---- the table ----

def param_row(f, p, position):
    flags = [("REQUIRED", p.required), ("POSITIONAL_ONLY", p.where == "positional"), ("KEYWORD_ONLY", p.where == "keyword"),
             ("LIST_OK", "list" in p.annotation), ("VARIADIC", p.variadic), ("SHAPED_OK", "Shaped" in p.annotation),
             ("WIDE_OK", "Wide" in p.annotation)]
    flags = " | ".join("BIND_" + n for n, on in flags if on) or "0"
    offset = "0" if not p.ctype else f"{position} * sizeof(ct_array)" if f.direct else f"offsetof({f.struct}, {p.field})"
    v = p.value
    number = v if isinstance(v, (int, float)) and not isinstance(v, bool) else 0
    integer = int(v) if isinstance(v, (bool, int)) else 0
    return (f"    {{{quote(p.name)}, BIND_{p.kind}, {flags}, {offset}, {quote(p.default)}, {integer}, {float(number)!r}, "
            f"{quote(v if isinstance(v, str) else None)}}},")


def table_row(f, name):
    how = f"BIND_CALL_{f.direct}" if f.direct else "BIND_CALL_ARGS"
    size = f"{f.direct} * sizeof(ct_array)" if f.direct else f"sizeof({f.struct})" if f.fields else "0"
    call = f"(void (*)(void))({f.public})" if f.direct else f"(void (*)(void)){f.public}_"
    params = f.row if f.params else "NULL"
    return (f"    {{{quote(f.module)}, {quote(name)}, {quote(f.doc)}, {quote(f.signature)}, {call}, {how}, {str(bool(f.jit_name)).lower()}, "
            f"{str(f.ufunc).lower()}, {quote(f.returns)}, {size}, {len(f.params)}, {params}}},")


def write_binding(modules):
    headers = [f'#include "cotan/{m}.h"' for m, _, _ in modules]
    out = ["/* Generated by tools/generate.py from api/. */", "#include <stddef.h>", '#include "api/binding.h"'] + headers + [""]
    for _, functions, _ in modules:
        for f in functions:
            if f.params:
                rows = "\n".join(param_row(f, p, i) for i, p in enumerate(f.params))
                out.append(f"static const bind_param {f.row}[] = {{\n{rows}\n}};")
    out.append("\nconst bind_function bind_functions[] = {")
    for _, functions, aliases in modules:
        out += [table_row(f, f.name) for f in functions]
    for _, functions, aliases in modules:
        out += [table_row(f, alias) for alias, f in aliases]
    out += ["};", "const int bind_function_count = sizeof bind_functions / sizeof bind_functions[0];"]
    return "\n".join(out) + "\n"


def write_bodies(modules):
    out = ["/* The functions that the rooms define, one a stub. Generated by tools/generate.py from api/. */", "#ifndef API_BODIES_H",
           "#define API_BODIES_H"] + [f'#include "cotan/{m}.h"' for m, _, _ in modules]
    for _, functions, _ in modules:
        out += [f"{f.prototype(f.body)};" for f in functions if not f.primitive]
    return "\n".join(out + ["#endif"]) + "\n"


def write_calls(modules):
    out = ["/* The public functions: checks, defaults, scope, staging. Generated by tools/generate.py from api/. */",
           '#include "api/bodies.h"', '#include "api/call.h"', '#include "ops/ops.h"', '#include "random/random.h"', ""]
    index = 0
    for _, functions, _ in modules:
        for f in functions:
            out.append(write_call(f, index))
            index += 1
    return "\n".join(out)


def write_cases(modules):
    rows = []
    for module, functions, aliases in modules:
        for name, f in [(f.name, f) for f in functions] + aliases:
            rows.append({"module": f.module, "name": name, "signature": f.signature, "returns": f.returns, "ufunc": f.ufunc,
                         "params": [{"name": p.name, "kind": p.kind, "default": p.default} for p in f.params]})
    return json.dumps(rows, indent=1) + "\n"


def write_page(module, functions, aliases):
    out = [f"# {module}", ""]
    for f in sorted(functions, key=lambda g: g.path):
        also = [a for a, t in aliases if t is f]
        out += [f"## {f.path.removeprefix(module + '.')}", "", f"`{f.name}{f.signature}` · C: `{f.public}`" + (f" (`{f.short}`)" if f.short else "")
                + (f" · also {', '.join('`' + a + '`' for a in also)}" if also else ""), "", re.sub(r"(?m)^", "    ", f.doc), ""]
    return "\n".join(out)


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("out", type=pathlib.Path, nargs="?", help="the folder for generated sources")
    options.add_argument("stubs", type=pathlib.Path, nargs="*", help="all of api/ by default")
    options.add_argument("--docs", type=pathlib.Path, help="the folder for reference pages")
    o = options.parse_args()
    api = pathlib.Path(__file__).resolve().parent.parent / "api"
    modules = [read_module(p) for p in o.stubs or sorted(api.glob("[a-z]*.pyi"))]
    if o.docs:
        for m in modules:
            put(o.docs / f"{m[0]}.md", write_page(*m))
    if not o.out:
        return
    for m in modules:
        put(o.out / "cotan" / f"{m[0]}.h", write_header(*m))
    put(o.out / "binding.c", write_binding(modules))
    put(o.out / "api" / "bodies.h", write_bodies(modules))
    put(o.out / "api" / "calls.c", write_calls(modules))
    put(o.out / "cases.json", write_cases(modules))


main()
