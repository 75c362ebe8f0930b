#include "skyh_gaps.h"

#include <stdlib.h>
#include <string.h>

#include "sky_mcap.h"

/* Leaves before the first group, so that something is gone. */
static bool begins_late(const struct skyh_log_segment *segment)
{
    struct sky_scan scan;
    struct sky_scan_item item;
    struct sky_mcap_group header;
    const char *reason;
    if (sky_scan_begin(&scan, segment->bytes, segment->count, &reason) != SKY_OK) {
        return false;
    }
    do {
        sky_scan_step(&scan, &item);
    } while (item.found == SKY_SCAN_DAMAGE);
    return item.found != SKY_SCAN_END && item.found != SKY_SCAN_TORN_END &&
           sky_mcap_read_group(segment->bytes + item.offset, segment->count - (size_t)item.offset,
                               &header) == NULL &&
           header.tree_size > header.message_count;
}

static bool is_missing_some(const struct skyh_log *log)
{
    const struct skyh_log_segment *before = NULL;
    bool missing = false;
    for (size_t i = 0; i < log->segment_count; i++) {
        const struct skyh_log_segment *const segment = &log->segment[i];
        if (segment->sound) {
            missing =
                missing || (before == NULL ? log->whole && begins_late(segment)
                                           : segment->said.segment != before->said.segment + 1);
            before = segment;
        }
    }
    return missing;
}

static bool read_record(struct skyh_gaps *gaps, const struct skyh_log_segment *segment)
{
    struct sky_kept kept;
    sky_keep_look(segment->bytes, segment->count, &gaps->room, &kept);
    if (kept.retention_bytes == 0 ||
        sky_own_unpack_retention(segment->bytes + kept.retention_at, kept.retention_bytes,
                                 &gaps->arena, &gaps->retention) != SKY_OK) {
        return false;
    }
    gaps->record = segment->bytes + kept.retention_at;
    return true;
}

struct skyh_gaps *skyh_gaps_read(const struct skyh_log *log)
{
    struct skyh_gaps *const gaps = calloc(1, sizeof *gaps);
    if (gaps == NULL) {
        return NULL;
    }
    gaps->arena =
        (struct sky_arena){.bytes = gaps->arena_bytes, .capacity = sizeof gaps->arena_bytes};
    bool found = !is_missing_some(log);
    for (size_t i = log->segment_count; !found && i > 0; i--) {
        found = log->segment[i - 1].sound && read_record(gaps, &log->segment[i - 1]);
    }
    return gaps;
}

const struct sky_own_gap *skyh_gaps_find(const struct skyh_gaps *gaps, uint64_t segment)
{
    const unsigned count = gaps->record == NULL ? 0 : gaps->retention.gap_count;
    for (unsigned i = 0; i < count; i++) {
        const struct sky_own_gap *const gap = &gaps->retention.gap[i];
        if (gap->first_segment <= segment && segment <= gap->last_segment) {
            return gap;
        }
    }
    return NULL;
}

void skyh_gaps_free(struct skyh_gaps *gaps) { free(gaps); }
