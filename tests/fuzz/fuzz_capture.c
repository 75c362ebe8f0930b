/*
 * Any bytes as a capture: every datagram lies in the file, and none is received before another that
 * stands before it; the same after it was dated by its contents.
 */
#include <stdlib.h>
#include <string.h>

#include "sky_fuzz.h"
#include "skyh_capture.h"

static void check(const struct skyh_capture *capture)
{
    for (size_t i = 0; i < capture->count; i++) {
        const struct skyh_datagram *const datagram = &capture->datagram[i];
        const char *const bytes = (const char *)datagram->bytes;
        const size_t at = (size_t)(bytes - capture->file);
        must(bytes >= capture->file && at <= capture->file_bytes);
        must(datagram->count <= capture->file_bytes - at);
        must(i == 0 || datagram->utc_ns >= capture->datagram[i - 1].utc_ns);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct skyh_capture capture = {0};
    struct skyh_problem problem;
    char *const copy = malloc(count + 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, bytes, count);
    if (skyh_capture_take(&capture, "fuzz", copy, count, &problem)) {
        check(&capture);
        if (skyh_capture_date(&capture, "fuzz", NULL, 0, 0, &problem)) {
            check(&capture);
        }
    }
    skyh_capture_close(&capture);
    return 0;
}
