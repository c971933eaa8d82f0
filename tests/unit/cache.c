/* The disk cache: what is written is read back, and whatever looks wrong counts as absent. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/runtime.h"
#include "test.h"

static char folder[64];

static bool fresh_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/cotan-cache-XXXXXX");
    unsetenv("COTAN_CACHE");
    return mkdtemp(folder) && !setenv("COTAN_CACHE_DIR", folder, 1);
}

static const uint64_t key[2] = {0x1234, 0x5678};

static void entry_path(char path[static 128])
{
    snprintf(path, 128, "%s/%016llx%016llx", folder, 0x1234ull, 0x5678ull);
}

static bool stored(void)
{
    size_t n = 0;
    char *bytes = cache_read(key, &n);
    bool same = bytes && n == 5 && !memcmp(bytes, "hello", 5);
    free(bytes);
    return same;
}

static void remove_folder(void)
{
    char path[128];
    entry_path(path);
    unlink(path);
    rmdir(folder);
    unsetenv("COTAN_CACHE_DIR");
}

TEST(entries_come_back)
{
    if (!CHECK(fresh_folder()))
        return;
    CHECK(!stored());
    cache_write(key, "hello", 5);
    CHECK(stored());
    uint64_t other[2] = {0x1234, 0x5679};
    size_t n;
    CHECK(!cache_read(other, &n));
    setenv("COTAN_CACHE", "off", 1);
    CHECK(!stored());
    unsetenv("COTAN_CACHE");
    remove_folder();
}

TEST(every_damaged_byte_is_noticed)
{
    if (!CHECK(fresh_folder()))
        return;
    char path[128];
    entry_path(path);
    cache_write(key, "hello", 5);
    struct stat s;
    CHECK(!stat(path, &s) && (s.st_mode & 0777) == 0600);
    for (off_t at = 0; at < s.st_size; at++) {
        int file = open(path, O_RDWR);
        char byte;
        CHECK(pread(file, &byte, 1, at) == 1);
        char wrong = (char)(byte ^ 0x10);
        CHECK(pwrite(file, &wrong, 1, at) == 1);
        CHECK(!stored());
        CHECK(pwrite(file, &byte, 1, at) == 1);
        close(file);
    }
    CHECK(stored());
    CHECK(!truncate(path, s.st_size - 1));
    CHECK(!stored());
    remove_folder();
}

TEST(links_and_open_folders_are_refused)
{
    if (!CHECK(fresh_folder()))
        return;
    char path[128], moved[160];
    entry_path(path);
    cache_write(key, "hello", 5);
    CHECK(!chmod(folder, 0755));
    CHECK(!stored());
    CHECK(!chmod(folder, 0700));
    CHECK(stored());
    snprintf(moved, sizeof moved, "%s-moved", path);
    CHECK(!rename(path, moved) && !symlink(moved, path));
    CHECK(!stored());
    unlink(moved);
    remove_folder();
}
