#include "sky_fuzz_zones.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_zones(data, bytes);
    return 0;
}
