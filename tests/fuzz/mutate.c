/* Runs a fuzz target without libFuzzer: texts of a recorded file, which lines beginning with "=="
 * separate, each as it is and then with random damage from a fixed seed.
 *
 *     fuzz-NAME FILE [ROUNDS] */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_LIMIT = 1 << 14 };
static uint64_t state = 1;
static const char *current;
static size_t current_size;

static void too_long(int signal)
{
    (void)signal;
    static const char what[] = "no end after 20 s:\n";
    if (write(STDERR_FILENO, what, sizeof what - 1) > 0 &&
        write(STDERR_FILENO, current, current_size) > 0)
        _exit(1);
    _exit(1);
}

static void run(const char *text, size_t n)
{
    current = text, current_size = n;
    LLVMFuzzerTestOneInput((const uint8_t *)text, n);
}

static size_t below(size_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return n ? (size_t)(state >> 33) % n : 0;
}

/* Removes, doubles, moves or overwrites a run of bytes. */
static size_t damage(char *text, size_t n)
{
    static const char odd[] = "{}[]();:,=_.-+0123456789abfiux<>\"' \n";
    size_t at = below(n), run = 1 + below(below(4) ? 4 : 40), from = below(n);
    run = run > n - at ? n - at : run;
    switch (below(4)) {
    case 0:
        memmove(text + at, text + at + run, n - at - run);
        return n - run;
    case 1:
        if (n + run > TEXT_LIMIT)
            return n;
        memmove(text + at + run, text + at, n - at);
        return n + run;
    case 2:
        run = run > n - from ? n - from : run;
        memmove(text + at, text + from, run);
        return n;
    default:
        text[at] = odd[below(sizeof odd - 1)];
        return n;
    }
}

static void try_text(const char *text, size_t n, int rounds)
{
    static char copy[TEXT_LIMIT];
    alarm(20);
    run(text, n);
    for (int k = 0; k < rounds && n && n <= TEXT_LIMIT; k++) {
        memcpy(copy, text, n);
        size_t size = n;
        for (size_t hits = 1 + below(4); hits-- && size;)
            size = damage(copy, size);
        run(copy, size);
    }
}

int main(int n, char **args)
{
    FILE *f = n > 1 ? fopen(args[1], "rb") : NULL;
    if (!f)
        return fprintf(stderr, "usage: %s FILE [ROUNDS]\n", args[0]), 2;
    signal(SIGALRM, too_long);
    static char all[1 << 20];
    size_t size = fread(all, 1, sizeof all - 1, f);
    fclose(f);
    int rounds = n > 2 ? atoi(args[2]) : 20, texts = 0;
    for (char *at = strstr(all, "=="); at && size; texts++) {
        char *body = strchr(at, '\n'), *end = body ? strstr(body + 1, "\n==") : NULL;
        if (body)
            try_text(body + 1, end ? (size_t)(end - body) : strlen(body + 1), rounds);
        at = end ? end + 1 : NULL;
    }
    printf("%d texts, %d damaged copies of each\n", texts, rounds);
    return texts ? 0 : 1;
}
