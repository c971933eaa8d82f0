/* Turns LLVM's object file into a blob: sections laid out one after another, their references to
 * each other filled in. All of those are relative to the instruction pointer, so the blob runs
 * wherever it is mapped and can be kept in a file. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

#include "compile/llvm/llvm.h"

enum { MAX_SECTIONS = 512 };

static bool fail(char *message, const char *what, const char *which)
{
    snprintf(message, 256, "compile: the code generator's object has %s %s", what, which);
    return false;
}

typedef struct elf_object {
    const char *bytes;
    const Elf64_Ehdr *head;
    const Elf64_Shdr *sections;
    uint64_t at[MAX_SECTIONS]; /* place in the blob */
} elf_object;

static uint64_t lay_out(elf_object *o)
{
    uint64_t size = 0;
    for (int s = 0; s < o->head->e_shnum; s++) {
        const Elf64_Shdr *h = &o->sections[s];
        if (!(h->sh_flags & SHF_ALLOC))
            continue;
        uint64_t align = h->sh_addralign > 64 ? h->sh_addralign : 64;
        o->at[s] = size = (size + align - 1) & ~(align - 1);
        size += h->sh_size;
    }
    return size;
}

static bool relocate(const elf_object *o, const Elf64_Shdr *relocations, char *blob, char *message)
{
    const Elf64_Rela *r = (const Elf64_Rela *)(o->bytes + relocations->sh_offset),
                     *end = r + relocations->sh_size / sizeof *r;
    const Elf64_Shdr *symtab = &o->sections[relocations->sh_link];
    const Elf64_Sym *symbols = (const Elf64_Sym *)(o->bytes + symtab->sh_offset);
    const char *names = o->bytes + o->sections[symtab->sh_link].sh_offset;
    for (; r < end; r++) {
        const Elf64_Sym *s = &symbols[ELF64_R_SYM(r->r_info)];
        if (s->st_shndx == SHN_UNDEF || s->st_shndx >= o->head->e_shnum)
            return fail(message, "an undefined symbol", names + s->st_name);
        uint64_t from = o->at[relocations->sh_info] + r->r_offset,
                 to = o->at[s->st_shndx] + s->st_value;
        int32_t distance = (int32_t)(to + (uint64_t)r->r_addend - from);
        char kind[24];
        switch (ELF64_R_TYPE(r->r_info)) {
        case R_X86_64_PC32:
        case R_X86_64_PLT32:
            memcpy(blob + from, &distance, sizeof distance);
            break;
        default:
            snprintf(kind, sizeof kind, "%d", (int)ELF64_R_TYPE(r->r_info));
            return fail(message, "a relocation of kind", kind);
        }
    }
    return true;
}

static bool find_entries(const elf_object *o, int n, uint64_t *entries, char *message)
{
    int found = 0;
    for (int s = 0; s < o->head->e_shnum; s++) {
        const Elf64_Shdr *h = &o->sections[s];
        if (h->sh_type != SHT_SYMTAB)
            continue;
        const Elf64_Sym *symbol = (const Elf64_Sym *)(o->bytes + h->sh_offset),
                        *end = symbol + h->sh_size / sizeof *symbol;
        const char *names = o->bytes + o->sections[h->sh_link].sh_offset;
        for (; symbol < end; symbol++) {
            int number;
            if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC ||
                sscanf(names + symbol->st_name, "kernel%d", &number) != 1 || number >= n)
                continue;
            entries[number] = o->at[symbol->st_shndx] + symbol->st_value;
            found++;
        }
    }
    return found == n || fail(message, "too few", "kernels");
}

bool llvm_link(const char *bytes, size_t size, int n, code_blob *out, char *message)
{
    elf_object o = {.bytes = bytes, .head = (const Elf64_Ehdr *)bytes};
    if (size < sizeof *o.head || o.head->e_shnum > MAX_SECTIONS)
        return fail(message, "too many", "sections");
    o.sections = (const Elf64_Shdr *)(bytes + o.head->e_shoff);
    out->size = lay_out(&o);
    out->bytes = calloc(1, out->size + 1);
    out->entries = calloc((size_t)n + 1, sizeof *out->entries);
    if (!out->bytes || !out->entries)
        return fail(message, "no memory for its", "code");
    for (int s = 0; s < o.head->e_shnum; s++)
        if ((o.sections[s].sh_flags & SHF_ALLOC) && o.sections[s].sh_type != SHT_NOBITS)
            memcpy((char *)out->bytes + o.at[s], bytes + o.sections[s].sh_offset,
                   o.sections[s].sh_size);
    for (int s = 0; s < o.head->e_shnum; s++) {
        if (o.sections[s].sh_type != SHT_RELA ||
            !(o.sections[o.sections[s].sh_info].sh_flags & SHF_ALLOC))
            continue;
        /* Unwinding tables are not used: kernels throw nothing, nor does what they call. */
        const char *names = bytes + o.sections[o.head->e_shstrndx].sh_offset;
        if (!strcmp(names + o.sections[o.sections[s].sh_info].sh_name, ".eh_frame"))
            continue;
        if (!relocate(&o, &o.sections[s], out->bytes, message))
            return false;
    }
    return find_entries(&o, n, out->entries, message);
}
