/* The code generator's door: a module of kernels to machine code. Built as a library of its own,
 * libcotan_llvm, which is loaded when a program is first compiled and not found in the cache.
 * Measured: explicit vectors, no IR passes, level None with the greedy register allocator compile 5
 * to 15 times faster than the usual pipeline and run as fast. Next: kernel.c. */
#include <llvm-c/Analysis.h>
#include <llvm-c/Support.h>
#include <stdio.h>
#include <stdlib.h>

#include "compile/llvm/llvm.h"

void LLVMInitializeX86Target(void);
void LLVMInitializeX86TargetInfo(void);
void LLVMInitializeX86TargetMC(void);
void LLVMInitializeX86AsmPrinter(void);

static LLVMTargetMachineRef machine;

static bool start(char *message)
{
    if (machine)
        return true;
    static const char *const options[] = {"cotan", "-optimize-regalloc=true", "-fast-isel=false"};
    LLVMParseCommandLineOptions(3, options, "");
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMTargetRef target;
    char *problem = NULL;
    if (LLVMGetTargetFromTriple("x86_64-unknown-linux-gnu", &target, &problem)) {
        snprintf(message, 256, "compile: no code generator for this machine: %s",
                 problem ? problem : "");
        return false;
    }
    char *cpu = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures();
    machine = LLVMCreateTargetMachine(target, "x86_64-unknown-linux-gnu", cpu, features,
                                      LLVMCodeGenLevelNone, LLVMRelocPIC, LLVMCodeModelSmall);
    LLVMDisposeMessage(cpu), LLVMDisposeMessage(features);
    if (!machine)
        snprintf(message, 256, "compile: LLVM made no target machine");
    return machine;
}

static void prepare(emitter *e)
{
    e->context = LLVMContextCreate();
    e->module = LLVMModuleCreateWithNameInContext("cotan", e->context);
    e->b = LLVMCreateBuilderInContext(e->context);
    LLVMSetTarget(e->module, "x86_64-unknown-linux-gnu");
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
    LLVMSetModuleDataLayout(e->module, layout);
    LLVMDisposeTargetData(layout);
    LLVMContextRef c = e->context;
    LLVMTypeRef types[BODY_TYPES] = {LLVMVoidTypeInContext(c),  LLVMInt1TypeInContext(c),
                                     LLVMInt8TypeInContext(c),  LLVMInt16TypeInContext(c),
                                     LLVMInt32TypeInContext(c), LLVMInt64TypeInContext(c),
                                     LLVMHalfTypeInContext(c),  LLVMBFloatTypeInContext(c),
                                     LLVMFloatTypeInContext(c), LLVMDoubleTypeInContext(c)};
    memcpy(e->scalar, types, sizeof types);
    e->i1 = types[BODY_I1], e->i32 = types[BODY_I32], e->i64 = types[BODY_I64],
    e->ptr = LLVMPointerTypeInContext(c, 0);
}

static bool generate(emitter *e, int n, const kernel_ir *const *kernels, int debug, code_blob *out,
                     char *message)
{
    for (int i = 0; i < n; i++) {
        char name[24];
        snprintf(name, sizeof name, "kernel%d", i);
        if (!llvm_kernel(e, kernels[i], name)) {
            snprintf(message, 256, "compile: out of memory while emitting a kernel");
            return false;
        }
    }
    if (debug >= 3)
        LLVMDumpModule(e->module);
    char *problem = NULL;
    LLVMMemoryBufferRef file;
    if (debug && LLVMVerifyModule(e->module, LLVMReturnStatusAction, &problem)) {
        snprintf(message, 256, "compile: the emitted code is malformed: %s", problem);
        return false;
    }
    LLVMDisposeMessage(problem);
    problem = NULL;
    if (debug >= 4 && !LLVMTargetMachineEmitToMemoryBuffer(machine, e->module, LLVMAssemblyFile,
                                                           &problem, &file)) {
        fwrite(LLVMGetBufferStart(file), 1, LLVMGetBufferSize(file), stderr);
        LLVMDisposeMemoryBuffer(file);
    }
    if (LLVMTargetMachineEmitToMemoryBuffer(machine, e->module, LLVMObjectFile, &problem, &file)) {
        snprintf(message, 256, "compile: LLVM cannot emit the code: %s", problem ? problem : "");
        LLVMDisposeMessage(problem);
        return false;
    }
    bool ok = llvm_link(LLVMGetBufferStart(file), LLVMGetBufferSize(file), n, out, message);
    LLVMDisposeMemoryBuffer(file);
    return ok;
}

static bool compile(int n, const kernel_ir *const *kernels, int debug, code_blob *out,
                    char *message)
{
    *out = (code_blob){NULL, 0, NULL};
    if (!start(message))
        return false;
    emitter *e = calloc(1, sizeof *e);
    if (!e)
        return snprintf(message, 256, "compile: out of memory"), false;
    prepare(e);
    bool ok = generate(e, n, kernels, debug, out, message);
    LLVMDisposeBuilder(e->b);
    LLVMDisposeModule(e->module);
    LLVMContextDispose(e->context);
    free(e);
    if (!ok)
        free(out->bytes), free(out->entries), *out = (code_blob){NULL, 0, NULL};
    return ok;
}

CT_API extern const codegen cotan_codegen;
CT_API const codegen cotan_codegen = {&codegen_version, compile};
