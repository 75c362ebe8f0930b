#include "sky_asterix.h"

#include "sky_asterix_take.h"

enum { BLOCK_HEADER_BYTES = 3 };

static enum sky_status refuse(const char *item, size_t offset, const char **ret_item,
                              uint32_t *ret_offset)
{
    *ret_item = item;
    *ret_offset = (uint32_t)offset;
    return SKY_E_CORRUPT;
}

/* Who signs a record that begins with its source: in every profile that is the first item. */
static bool find_source(const uint8_t *record, size_t left, uint8_t *ret_sac, uint8_t *ret_sic)
{
    size_t at = 0;
    while (at < left && (record[at] & 1) != 0) {
        at++;
    }
    if (left - at < 3 || (record[0] & 0x80) == 0) {
        return false;
    }
    *ret_sac = record[at + 1];
    *ret_sic = record[at + 2];
    return true;
}

static enum sky_asterix_021 edition_of(const struct sky_asterix_walk *walk)
{
    uint8_t sac = 0, sic = 0;
    if (walk->category == 21 &&
        find_source(walk->bytes + walk->at, walk->block_end - walk->at, &sac, &sic)) {
        for (size_t i = 0; i < walk->dialect_count; i++) {
            if (walk->dialect[i].sac == sac && walk->dialect[i].sic == sic) {
                return walk->dialect[i].edition;
            }
        }
    }
    return SKY_ASTERIX_021_ED_2_2;
}

static bool is_padding(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Whether all records of the block that begins at walk->at fit; if not, the walk is behind it. */
static enum sky_status check_block(struct sky_asterix_walk *walk, const struct sky_uap *uap,
                                   const char **ret_item, uint32_t *ret_offset)
{
    uint32_t record = 0;
    for (size_t at = walk->at; at < walk->block_end;) {
        struct sky_uap_found found;
        const char *item = "";
        size_t offset = 0;
        const size_t left = walk->block_end - at;
        const size_t size =
            sky_asterix_uap_find(uap, walk->bytes + at, left, &found, &item, &offset);
        record++;
        if (size == 0 && is_padding(walk->bytes + at, left)) {
            return SKY_OK;
        }
        if (size == 0) {
            walk->at = walk->block_end;
            walk->record = record;
            return refuse(item, at + offset, ret_item, ret_offset);
        }
        at += size;
    }
    return SKY_OK;
}

static enum sky_status next_record(struct sky_asterix_walk *walk,
                                   struct sky_asterix_record *ret_record, const char **ret_item,
                                   uint32_t *ret_offset)
{
    const size_t from = walk->at;
    struct sky_asterix_record record = {.category = walk->category};
    struct sky_asterix_take take = {.uap = sky_asterix_uap(walk->category, walk->edition),
                                    .edition = walk->edition};
    const char *item = "";
    size_t offset = 0;
    const size_t size = sky_asterix_uap_find(&take.uap, walk->bytes + from, walk->block_end - from,
                                             &take.found, &item, &offset);
    walk->record++;
    if (size == 0) { /* the block fits: this can only be padding */
        walk->at = walk->block_end;
        return refuse(item, from, ret_item, ret_offset);
    }
    walk->at = from + size;
    const uint8_t *const source = sky_asterix_uap_item(&take.found, 0);
    if (source) {
        record.has_source = true;
        record.sac = source[0];
        record.sic = source[1];
    }
    const int wrong = sky_asterix_take(&take, &record);
    if (wrong >= 0) {
        return refuse(take.uap.item[wrong].name, from + take.found.at[wrong], ret_item, ret_offset);
    }
    *ret_record = record;
    return SKY_OK;
}

/* Opens the block at walk->at. Returns SKY_OK too if there is nothing to take in it. */
static enum sky_status open_block(struct sky_asterix_walk *walk, const char **ret_item,
                                  uint32_t *ret_offset, bool *ret_skipped)
{
    const uint8_t *const block = walk->bytes + walk->at;
    const size_t left = walk->count - walk->at;
    const size_t bytes = left < BLOCK_HEADER_BYTES ? 0 : ((size_t)block[1] << 8 | (size_t)block[2]);

    walk->category = block[0];
    walk->record = 0;
    if (bytes < BLOCK_HEADER_BYTES || bytes > left) {
        const size_t offset = walk->at;
        walk->at = walk->block_end = walk->count;
        return refuse("block length", offset, ret_item, ret_offset);
    }
    walk->block_end = walk->at + bytes;
    walk->at += BLOCK_HEADER_BYTES;
    walk->edition = edition_of(walk);
    const struct sky_uap uap = sky_asterix_uap(walk->category, walk->edition);
    *ret_skipped = uap.count == 0;
    if (*ret_skipped) {
        walk->at = walk->block_end;
        return SKY_OK;
    }
    return check_block(walk, &uap, ret_item, ret_offset);
}

enum sky_status sky_asterix_next(struct sky_asterix_walk *walk,
                                 struct sky_asterix_record *ret_record, const char **ret_item,
                                 uint32_t *ret_offset)
{
    while (walk->at >= walk->block_end) {
        if (walk->at == walk->count) {
            return SKY_E_STALE;
        }
        bool skipped = false;
        const enum sky_status status = open_block(walk, ret_item, ret_offset, &skipped);
        if (status != SKY_OK) {
            return status;
        }
        if (skipped) {
            *ret_record = (struct sky_asterix_record){.kind = SKY_ASTERIX_SKIPPED,
                                                      .category = walk->category};
            return SKY_OK;
        }
    }
    return next_record(walk, ret_record, ret_item, ret_offset);
}
