/**
 * sky_fuzz: what every fuzz target includes - its entry, and the word for what must hold.
 */
#ifndef SKY_FUZZ_H
#define SKY_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/** Called by libFuzzer with bytes that may be anything. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/** Stops the run, keeping the input, unless it holds. */
static inline void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

#endif
