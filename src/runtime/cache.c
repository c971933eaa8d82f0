/* The disk cache of machine code. Because what is read is run, the folder must belong to this user
 * and be closed to others, links are not followed, and an entry carries its key and a hash of its
 * content; anything unexpected counts as absent. COTAN_CACHE=off disables it, COTAN_CACHE_DIR moves
 * it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/runtime.h"

typedef struct header {
    char magic[8];
    uint64_t key[2], size, content;
} header;
static const char magic[8] = {'c', 'o', 't', 'a', 'n', '0', '0', '1'};
enum { LARGEST_ENTRY = 1 << 28 };

static uint64_t content_hash(const void *bytes, size_t size)
{
    return base_hash(bytes, size, 0x5bd1e995u) ^ (uint64_t)size;
}

static bool folder_name(char name[static 512])
{
    const char *mode = getenv("COTAN_CACHE"), *own = getenv("COTAN_CACHE_DIR"),
               *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (mode && !strcmp(mode, "off"))
        return false;
    int n = own && own[0] == '/'     ? snprintf(name, 512, "%s", own)
            : xdg && xdg[0] == '/'   ? snprintf(name, 512, "%s/cotan", xdg)
            : home && home[0] == '/' ? snprintf(name, 512, "%s/.cache/cotan", home)
                                     : -1;
    return n > 0 && n < 512;
}

/* The folder's descriptor, made on the way if asked; -1 unless it is a folder of ours that nobody
 * else may write to or read. */
static int open_folder(bool make)
{
    char name[512];
    if (!folder_name(name))
        return -1;
    if (make)
        for (char *slash = name + 1;; slash++) {
            slash = strchr(slash, '/');
            if (slash)
                *slash = 0;
            if (mkdir(name, 0700) && errno != EEXIST)
                return -1;
            if (!slash)
                break;
            *slash = '/';
        }
    int folder = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return -1;
    struct stat s;
    if (fstat(folder, &s) || s.st_uid != geteuid() || (s.st_mode & 077)) {
        close(folder);
        return -1;
    }
    return folder;
}

static void entry_name(const uint64_t key[2], char name[static 40])
{
    snprintf(name, 40, "%016llx%016llx", (unsigned long long)key[0], (unsigned long long)key[1]);
}

static bool read_all(int file, void *to, size_t size)
{
    for (char *at = to; size;) {
        ssize_t n = read(file, at, size);
        if (n <= 0)
            return false;
        at += n, size -= (size_t)n;
    }
    return true;
}

static bool write_all(int file, const void *from, size_t size)
{
    for (const char *at = from; size;) {
        ssize_t n = write(file, at, size);
        if (n <= 0)
            return false;
        at += n, size -= (size_t)n;
    }
    return true;
}

static bool header_fits(const header *h, const uint64_t key[2], const struct stat *s)
{
    return !memcmp(h->magic, magic, sizeof magic) && h->key[0] == key[0] && h->key[1] == key[1] &&
           h->size <= LARGEST_ENTRY && (uint64_t)s->st_size == sizeof *h + h->size;
}

void *cache_read(const uint64_t key[2], size_t *size)
{
    int folder = open_folder(false);
    if (folder < 0)
        return NULL;
    char name[40];
    entry_name(key, name);
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    close(folder);
    if (file < 0)
        return NULL;
    struct stat s;
    header h;
    char *bytes = NULL;
    bool ok = !fstat(file, &s) && S_ISREG(s.st_mode) && s.st_uid == geteuid() &&
              !(s.st_mode & 022) && read_all(file, &h, sizeof h) && header_fits(&h, key, &s);
    if (ok)
        ok = (bytes = malloc(h.size + 1)) && read_all(file, bytes, h.size) &&
             content_hash(bytes, h.size) == h.content;
    close(file);
    if (ok)
        return *size = h.size, bytes;
    free(bytes);
    return NULL;
}

void cache_write(const uint64_t key[2], const void *bytes, size_t size)
{
    int folder = size <= LARGEST_ENTRY ? open_folder(true) : -1;
    if (folder < 0)
        return;
    char name[40], part[64];
    entry_name(key, name);
    snprintf(part, sizeof part, "%s.%d", name, (int)getpid());
    header h = {.key = {key[0], key[1]}, .size = size, .content = content_hash(bytes, size)};
    memcpy(h.magic, magic, sizeof magic);
    int file = openat(folder, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file >= 0) {
        /* A whole entry appears under its name or none does. */
        bool ok = write_all(file, &h, sizeof h) && write_all(file, bytes, size);
        ok = !close(file) && ok;
        if (!ok || renameat(folder, part, folder, name))
            unlinkat(folder, part, 0);
    }
    close(folder);
}
