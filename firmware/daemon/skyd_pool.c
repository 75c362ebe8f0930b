#include "skyd_pool.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

/* A signature takes up to some twenty pieces at once, the largest below 4 KiB. */
enum { PIECES = 64, PIECE_BYTES = 4096 };

static _Alignas(64) uint8_t piece[PIECES][PIECE_BYTES];
static _Atomic uint64_t taken; /* bit i: piece i */
static atomic_bool begun;

_Static_assert(PIECES == 64, "a bit each");

static void *take(size_t bytes)
{
    if (!atomic_load(&begun) || bytes > PIECE_BYTES) {
        return NULL;
    }
    uint64_t now = atomic_load(&taken);
    while (~now != 0) {
        const unsigned free_one = (unsigned)__builtin_ctzll(~now);
        if (atomic_compare_exchange_weak(&taken, &now, now | UINT64_C(1) << free_one)) {
            return piece[free_one];
        }
    }
    return NULL; /* all are out: malloc helps */
}

static bool is_ours(const void *bytes)
{
    const uintptr_t at = (uintptr_t)bytes;
    return at >= (uintptr_t)piece && at < (uintptr_t)piece + sizeof piece;
}

static void *pool_malloc(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    void *const ours = take(bytes);
    return ours != NULL ? ours : malloc(bytes);
}

static void pool_free(void *bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    if (is_ours(bytes)) {
        const uintptr_t i = ((uintptr_t)bytes - (uintptr_t)piece) / PIECE_BYTES;
        atomic_fetch_and(&taken, ~(UINT64_C(1) << i));
    } else {
        free(bytes);
    }
}

static void *pool_realloc(void *bytes, size_t count, const char *file, int line)
{
    if (!is_ours(bytes)) {
        return realloc(bytes, count);
    }
    if (count <= PIECE_BYTES && count > 0) {
        return bytes;
    }
    void *const moved = count > 0 ? pool_malloc(count, file, line) : NULL;
    if (moved != NULL) {
        memcpy(moved, bytes, PIECE_BYTES); /* it grows: the piece was full at most */
    }
    if (moved != NULL || count == 0) {
        pool_free(bytes, file, line);
    }
    return moved;
}

bool skyd_pool_install(void)
{
    return CRYPTO_set_mem_functions(pool_malloc, pool_realloc, pool_free) == 1;
}

void skyd_pool_begin(void) { atomic_store(&begun, true); }
