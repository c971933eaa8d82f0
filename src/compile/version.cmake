# Writes codegen_version: a hash of what the code generator is made of. Code that another one emitted is then never taken from the disk cache,
# and a library never calls a generator that reads kernels differently.
# usage: cmake -DOUTPUT=version.c -DLLVM=19.1.7 "-DFILES=a.c;b.h" -P version.cmake
set(contents ${LLVM})
foreach(file ${FILES})
  file(SHA256 ${file} hash)
  string(APPEND contents " ${hash}")
endforeach()
string(SHA256 hash "${contents}")
string(SUBSTRING ${hash} 0 16 hash)
file(WRITE ${OUTPUT} "#include \"compile/loops.h\"\nconst uint64_t codegen_version = 0x${hash}u;\n")
