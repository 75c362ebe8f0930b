/*
 * OpenSSL's plain functions, by asking for its 1.1 interface: those of 3.0 allocate, and cost more
 * than hashing a record.
 */
#define OPENSSL_API_COMPAT 0x10100000L

#include "sky_sha.h"

#include <openssl/sha.h>

_Static_assert((int)SKY_HASH_BYTES == (int)SHA256_DIGEST_LENGTH, "SHA-256");

struct sky_hash sky_sha(const struct sky_part *part, size_t count)
{
    SHA256_CTX context;
    struct sky_hash hash;
    (void)SHA256_Init(&context);
    for (size_t i = 0; i < count; i++) {
        if (part[i].count > 0) {
            (void)SHA256_Update(&context, part[i].bytes, part[i].count);
        }
    }
    (void)SHA256_Final(hash.bytes, &context);
    return hash;
}
