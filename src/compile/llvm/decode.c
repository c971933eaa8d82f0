/* A build-time tool: decodes the bitcode of the scalar bodies into C tables, so that nothing is
 * parsed when a program is compiled.
 *
 * usage: decode bodies.bc names.c code.c. Reads functions body_<primitive>_<dtype> of one basic
 * block each; any other is an error, as what it computes would be fused with nothing. What the
 * tables mean is in compile/bodies.h; who clones them at vector width is widen.c. */
#include <llvm-c/BitReader.h>
#include <llvm-c/Core.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "compile/bodies.h"

enum { MAX_BODIES = 4096, MAX_VALUES = 4096, MAX_CONSTANTS = 32000, MAX_INTRINSICS = 200 };

static body_constant constants[MAX_CONSTANTS];
static int nconstants;
static body_intrinsic intrinsics[MAX_INTRINSICS];
static int nintrinsics;
static int ninstructions;

typedef struct function {
    const char *name;
    LLVMValueRef value;
    int cost;
    int nargs, nresults;
    uint8_t args[6], results[2];
} function;
static function functions[MAX_BODIES];
static int nfunctions;
static LLVMValueRef values[MAX_VALUES];
static int nvalues;

static const char *const type_names[] = {"BODY_VOID", "BODY_I1",  "BODY_I8",  "BODY_I16",
                                         "BODY_I32",  "BODY_I64", "BODY_F16", "BODY_BF16",
                                         "BODY_F32",  "BODY_F64"};

static int type_of(LLVMTypeRef t)
{
    LLVMTypeKind kind = LLVMGetTypeKind(t);
    if (kind == LLVMFloatTypeKind)
        return BODY_F32;
    if (kind == LLVMDoubleTypeKind)
        return BODY_F64;
    if (kind == LLVMHalfTypeKind)
        return BODY_F16;
    if (kind == LLVMBFloatTypeKind)
        return BODY_BF16;
    if (kind == LLVMVoidTypeKind)
        return BODY_VOID;
    if (kind != LLVMIntegerTypeKind)
        return -1;
    switch (LLVMGetIntTypeWidth(t)) {
    case 1:
        return BODY_I1;
    case 8:
        return BODY_I8;
    case 16:
        return BODY_I16;
    case 32:
        return BODY_I32;
    case 64:
        return BODY_I64;
    }
    return -1;
}

/* The bits of a scalar constant as LLVM prints floats: through their double value. */
static uint64_t constant_bits(LLVMValueRef v, int type)
{
    if (type < BODY_F16)
        return LLVMConstIntGetZExtValue(v);
    LLVMBool lossy;
    double d = LLVMConstRealGetDouble(v, &lossy);
    uint64_t bits = 0;
    if (type == BODY_F32) {
        float f = (float)d;
        memcpy(&bits, &f, sizeof f);
    } else
        memcpy(&bits, &d, sizeof d);
    return bits;
}

static int constant_index(LLVMValueRef v)
{
    int type = type_of(LLVMTypeOf(v));
    if (type < 0)
        return -1;
    body_constant c = {(uint8_t)type, 0, 0};
    if (LLVMIsPoison(v) || LLVMIsUndef(v))
        c.poison = 1;
    else if (LLVMIsAConstantInt(v) || LLVMIsAConstantFP(v))
        c.bits = constant_bits(v, type);
    else
        return -1;
    for (int i = 0; i < nconstants; i++)
        if (constants[i].type == c.type && constants[i].poison == c.poison &&
            constants[i].bits == c.bits)
            return i;
    if (nconstants == MAX_CONSTANTS)
        return -1;
    constants[nconstants] = c;
    return nconstants++;
}

static bool operand_of(LLVMValueRef v, int *operand)
{
    if (LLVMIsConstant(v)) {
        int index = constant_index(v);
        *operand = ~index;
        return index >= 0;
    }
    for (int i = nvalues; i-- > 0;)
        if (values[i] == v)
            return *operand = i, true;
    return false;
}

static int intrinsic_index(LLVMValueRef callee)
{
    unsigned id = LLVMGetIntrinsicID(callee);
    if (!id)
        return -1;
    size_t length;
    const char *base = LLVMIntrinsicIsOverloaded(id) ? NULL : LLVMIntrinsicGetName(id, &length);
    char name[64];
    if (base)
        snprintf(name, sizeof name, "%.*s", (int)length, base);
    else {
        /* The base name is what precedes the first type suffix of the overloaded one. */
        const char *full = LLVMGetValueName2(callee, &length);
        snprintf(name, sizeof name, "%.*s", (int)length, full);
        for (char *dot; (dot = strrchr(name, '.'));) {
            *dot = 0;
            if (LLVMLookupIntrinsicID(name, strlen(name)) != id) {
                *dot = '.';
                break;
            }
        }
    }
    for (int i = 0; i < nintrinsics; i++)
        if (!strcmp(intrinsics[i].name, name))
            return i;
    uint8_t scalar = 0;
    if (!strcmp(name, "llvm.ctlz") || !strcmp(name, "llvm.cttz") || !strcmp(name, "llvm.abs") ||
        !strcmp(name, "llvm.is.fpclass"))
        scalar = 2;
    intrinsics[nintrinsics] = (body_intrinsic){strdup(name), scalar};
    return nintrinsics++;
}

static bool ignored_call(LLVMValueRef callee)
{
    size_t length;
    const char *name = LLVMGetValueName2(callee, &length);
    return !strncmp(name, "llvm.lifetime", 13) || !strncmp(name, "llvm.dbg", 8) ||
           !strncmp(name, "llvm.assume", 11);
}

static void add_row(body_code *code, const body_instruction *row, LLVMValueRef made, FILE *to)
{
    fprintf(to, "    {%d, %s, %d, %d, {%d, %d, %d, %d}, %d},\n", row->opcode, type_names[row->type],
            row->predicate, row->nin, row->in[0], row->in[1], row->in[2], row->in[3],
            row->intrinsic);
    values[nvalues++] = made;
    ninstructions++, code->count++;
}

/* Bodies of complex numbers leave parts; clang may store one as an integer of its bits. */
static bool takes_parts(const function *f)
{
    return strstr(f->name, "_c64") || strstr(f->name, "_c128");
}

/* One function as table text; false when it is not straight-line code of the kinds that the
 * widening knows. */
static bool decode(function *f, FILE *rows, FILE *instructions)
{
    body_code code = {.first = ninstructions};
    LLVMValueRef pointers[2] = {NULL, NULL};
    int npointers = 0;
    nvalues = 0;
    for (LLVMValueRef p = LLVMGetFirstParam(f->value); p; p = LLVMGetNextParam(p)) {
        if (LLVMGetTypeKind(LLVMTypeOf(p)) == LLVMPointerTypeKind) {
            if (npointers == 2)
                return false;
            pointers[npointers++] = p;
            continue;
        }
        int type = type_of(LLVMTypeOf(p));
        if (type < 0 || code.nargs == sizeof f->args || npointers)
            return false;
        f->args[code.nargs++] = (uint8_t)type;
        values[nvalues++] = p;
    }
    LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f->value);
    if (!block || LLVMGetNextBasicBlock(block))
        return false;
    int ret = type_of(LLVMGetReturnType(LLVMGlobalGetValueType(f->value)));
    int first_pointer = ret == BODY_VOID ? 0 : 1;
    if (ret < 0 || first_pointer + npointers > 2)
        return false;
    for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
        LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
        int operand;
        if (opcode == LLVMRet) {
            if (ret == BODY_VOID)
                continue;
            if (!operand_of(LLVMGetOperand(i, 0), &operand))
                return false;
            f->results[0] = (uint8_t)ret, code.result_values[0] = (int16_t)operand;
            continue;
        }
        if (opcode == LLVMStore) {
            int slot = LLVMGetOperand(i, 1) == pointers[0]                    ? 0
                       : npointers > 1 && LLVMGetOperand(i, 1) == pointers[1] ? 1
                                                                              : -1;
            if (slot < 0 || !operand_of(LLVMGetOperand(i, 0), &operand))
                return false;
            int stored = type_of(LLVMTypeOf(LLVMGetOperand(i, 0)));
            if (takes_parts(f) && stored != f->args[0]) {
                body_instruction cast = {LLVMBitCast, f->args[0], 0, 1, {(int16_t)operand}, -1};
                stored = f->args[0], operand = nvalues;
                add_row(&code, &cast, i, instructions);
            }
            f->results[first_pointer + slot] = (uint8_t)stored;
            code.result_values[first_pointer + slot] = (int16_t)operand;
            continue;
        }
        body_instruction row = {(uint8_t)opcode, 0, 0, 0, {0, 0, 0, 0}, -1};
        int type = type_of(LLVMTypeOf(i)), nin = LLVMGetNumOperands(i);
        if (opcode == LLVMCall) {
            LLVMValueRef callee = LLVMGetCalledValue(i);
            if (ignored_call(callee))
                continue;
            int intrinsic = intrinsic_index(callee);
            if (intrinsic < 0) {
                size_t n;
                fprintf(stderr, "decode: %s calls %s; ", f->name, LLVMGetValueName2(callee, &n));
                return false;
            }
            row.intrinsic = (int16_t)intrinsic;
            nin = (int)LLVMGetNumArgOperands(i);
        }
        if (type < 0 || nin > 4 || nvalues == MAX_VALUES) {
            fprintf(stderr, "decode: %s has an unusual instruction %d; ", f->name, (int)opcode);
            return false;
        }
        if (opcode == LLVMICmp)
            row.predicate = (uint8_t)LLVMGetICmpPredicate(i);
        if (opcode == LLVMFCmp)
            row.predicate = (uint8_t)LLVMGetFCmpPredicate(i);
        row.type = (uint8_t)type, row.nin = (uint8_t)nin;
        for (int k = 0; k < nin; k++) {
            if (!operand_of(LLVMGetOperand(i, (unsigned)k), &operand))
                return false;
            row.in[k] = (int16_t)operand;
        }
        add_row(&code, &row, i, instructions);
    }
    code.nresults = (uint8_t)(first_pointer + npointers);
    f->cost = code.count, f->nargs = code.nargs, f->nresults = code.nresults;
    fprintf(rows, "    {%d, %d, %d, %d, {%d, %d}}, /* %s */\n", code.first, code.count, code.nargs,
            code.nresults, code.result_values[0], code.result_values[1], f->name);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const function *)a)->name, ((const function *)b)->name);
}

static void copy(FILE *from, FILE *to)
{
    char block[4096];
    rewind(from);
    for (size_t n; (n = fread(block, 1, sizeof block, from)) > 0;)
        fwrite(block, 1, n, to);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return fprintf(stderr, "usage: decode bodies.bc names.c code.c\n"), 2;
    LLVMMemoryBufferRef buffer;
    LLVMModuleRef module;
    char *message = NULL;
    if (LLVMCreateMemoryBufferWithContentsOfFile(argv[1], &buffer, &message) ||
        LLVMParseBitcode2(buffer, &module))
        return fprintf(stderr, "decode: cannot read %s: %s\n", argv[1],
                       message ? message : "not bitcode"),
               1;
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        size_t n;
        const char *name = LLVMGetValueName2(f, &n);
        if (strncmp(name, "body_", 5) || LLVMIsDeclaration(f) || nfunctions == MAX_BODIES)
            continue;
        functions[nfunctions++] = (function){name + 5, f, 0, 0, 0};
    }
    qsort(functions, (size_t)nfunctions, sizeof *functions, by_name);
    FILE *rows = tmpfile(), *names = fopen(argv[2], "w"), *code = fopen(argv[3], "w"),
         *instructions = tmpfile();
    if (!rows || !names || !code || !instructions)
        return perror("decode"), 1;
    fprintf(names, "#include \"compile/bodies.h\"\nconst body_name body_names[] = {\n");
    for (int i = 0; i < nfunctions; i++) {
        if (!decode(&functions[i], rows, instructions)) {
            fprintf(stderr, "decode: body_%s is not straight-line code of few kinds\n",
                    functions[i].name);
            fclose(names), remove(argv[2]);
            return 1;
        }
        const function *f = &functions[i];
        fprintf(names, "    {\"%s\", %d, %d, %d, {", f->name, f->nargs, f->nresults, f->cost);
        for (int k = 0; k < f->nargs; k++)
            fprintf(names, "%s%s", k ? ", " : "", type_names[f->args[k]]);
        fprintf(names, "}, {%s, %s}},\n", type_names[f->results[0]], type_names[f->results[1]]);
    }
    fprintf(names, "    {\"~\", 0, 0, 0, {0}, {0}}};\nconst int body_count = %d;\n", nfunctions);
    fprintf(code, "#include \"compile/bodies.h\"\nconst body_code body_codes[] = {\n");
    copy(rows, code);
    fprintf(code, "};\nconst body_instruction body_instructions[] = {\n");
    copy(instructions, code);
    fprintf(
        code,
        "    {0, BODY_VOID, 0, 0, {0, 0, 0, 0}, -1}};\nconst body_constant body_constants[] = {\n");
    for (int i = 0; i < nconstants; i++)
        fprintf(code, "    {%s, %d, 0x%llxu},\n", type_names[constants[i].type],
                constants[i].poison, (unsigned long long)constants[i].bits);
    fprintf(code, "    {BODY_VOID, 0, 0}};\nconst body_intrinsic body_intrinsics[] = {\n");
    for (int i = 0; i < nintrinsics; i++)
        fprintf(code, "    {\"%s\", %d},\n", intrinsics[i].name, intrinsics[i].scalar_operands);
    fprintf(code, "    {0, 0}};\n");
    return ferror(names) || ferror(code) || fclose(names) || fclose(code);
}
