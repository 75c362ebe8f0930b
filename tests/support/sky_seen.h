/**
 * sky_seen: what a log of many segments holds, counted by source, and what it says in words.
 *
 * For tests that must show that nothing was lost which the log does not admit.
 */
#ifndef SKY_SEEN_H
#define SKY_SEEN_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sky_scan.h"
#include "sky_test.h"

enum { SEEN_SOURCES_MAX = 8, SEEN_WORDS_MAX = 1 << 20 };

struct seen_source {
    char name[SKY_NAME_MAX];
    uint64_t inputs; /* what it brought: reports, tables, datagrams */
    uint64_t lost;   /* what it said it did not bring */
    uint32_t ups;
    uint32_t downs;
};

struct seen {
    uint32_t segments;
    uint32_t torn; /* segments that were not closed */
    uint64_t bytes;
    uint64_t records;
    uint64_t inputs;
    bool gap;         /* a number of an input is missing, or comes twice */
    bool went_back;   /* log time, or the monotonic axis, did */
    int64_t first_ns; /* of the first input, and ... */
    int64_t time_ns;  /* ... of the latest */
    uint64_t log_time_ns;
    uint64_t seq;
    uint32_t source_count;
    struct seen_source source[SEEN_SOURCES_MAX];
    size_t word_bytes;
    char words[SEEN_WORDS_MAX]; /* a line per source event, clock step, reject and reading */
    bool too_many_words;
};

/** For a test that looks closer: told of each record, an input with its UTC or an event. */
struct seen_look {
    void (*at)(const struct sky_input *input, const struct sky_utc_estimate *utc,
               const struct sky_event *event);
};

static inline struct seen_source *seen_of(struct seen *seen, const char *name)
{
    for (uint32_t i = 0; i < seen->source_count; i++) {
        if (strcmp(seen->source[i].name, name) == 0) {
            return &seen->source[i];
        }
    }
    assert_true(seen->source_count < SEEN_SOURCES_MAX);
    struct seen_source *const source = &seen->source[seen->source_count++];
    snprintf(source->name, sizeof source->name, "%s", name);
    return source;
}

static inline void seen_say(struct seen *seen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void seen_say(struct seen *seen, const char *format, ...)
{
    va_list list;
    const size_t left = sizeof seen->words - seen->word_bytes;
    va_start(list, format);
    const int bytes = vsnprintf(seen->words + seen->word_bytes, left, format, list);
    va_end(list);
    if (bytes < 0 || (size_t)bytes >= left) {
        seen->too_many_words = true;
        seen->words[seen->word_bytes] = '\0';
    } else {
        seen->word_bytes += (size_t)bytes;
    }
}

static inline void seen_source_event(struct seen *seen, const struct sky_input *input)
{
    static const char *const word[] = {"",      "up",   "down", "silent",
                                       "heard", "torn", "lost", "shutdown"};
    const enum sky_source_event event = input->u.source_event.event;
    struct seen_source *const source = seen_of(seen, input->source);
    source->lost += event == SKY_SOURCE_LOST ? input->u.source_event.count : 0;
    source->ups += event == SKY_SOURCE_UP;
    source->downs += event == SKY_SOURCE_DOWN;
    seen_say(seen, "%s %s %llu: %s (at %.3f s)\n", input->source, word[event],
             (unsigned long long)input->u.source_event.count, input->u.source_event.detail,
             (double)(input->time_ns - seen->first_ns) / 1e9);
}

static inline void seen_input(struct seen *seen, const struct sky_input *input)
{
    seen->first_ns = seen->inputs == 0 ? input->time_ns : seen->first_ns;
    seen->inputs++;
    seen->gap = seen->gap || (input->seq != seen->seq + 1 && input->kind != SKY_INPUT_CONFIG);
    seen->went_back = seen->went_back || input->time_ns < seen->time_ns;
    seen->seq = input->seq;
    seen->time_ns = input->time_ns;
    if (input->kind == SKY_INPUT_SOURCE) {
        seen_source_event(seen, input);
    } else if (input->kind == SKY_INPUT_CLOCK_STEP) {
        seen_say(seen, "clock step %.0f s\n", (double)input->u.clock_step.step_ns / 1e9);
    } else if (input->source[0] != '\0' && input->kind != SKY_INPUT_REGISTER_MAP) {
        seen_of(seen, input->source)->inputs++;
    }
}

static inline void seen_event(struct seen *seen, const struct sky_event *event)
{
    if (event->kind == SKY_EVENT_REJECT) {
        seen_say(seen, "%s reject %s %llu at %u\n", event->u.reject.source, event->u.reject.item,
                 (unsigned long long)event->u.reject.count, event->u.reject.offset);
    } else if (event->kind == SKY_EVENT_READING) {
        seen_say(seen, "%s reading %s %g\n", event->u.reading.source, event->u.reading.item,
                 event->u.reading.value);
    }
}

static inline void seen_record(struct seen *seen, const struct sky_scan_item *item,
                               struct sky_arena *arena, const struct seen_look *look)
{
    struct sky_input input;
    struct sky_event event;
    struct sky_utc_estimate utc;
    seen->records++;
    seen->went_back = seen->went_back || item->log_time_ns < seen->log_time_ns;
    seen->log_time_ns = item->log_time_ns;
    if (sky_codec_is_input(item->channel)) {
        assert_int_equal(
            sky_codec_unpack_input(item->channel, item->bytes, item->count, arena, &input, &utc),
            SKY_OK);
        seen_input(seen, &input);
        if (look != NULL) {
            look->at(&input, &utc, NULL);
        }
    } else if (item->channel == SKY_CHANNEL_REJECT || item->channel == SKY_CHANNEL_READING ||
               look != NULL) {
        assert_int_equal(
            sky_codec_unpack_event(item->channel, item->bytes, item->count, arena, &event), SKY_OK);
        seen_event(seen, &event);
        if (look != NULL) {
            look->at(NULL, NULL, &event);
        }
    }
}

/* A segment that is just being begun holds nothing yet. */
static inline void seen_segment(struct seen *seen, const char *path, const struct seen_look *look)
{
    static _Alignas(16) uint8_t arena_bytes[4 << 20];
    struct sky_scan scan;
    struct sky_scan_item item;
    struct stat facts;
    const char *reason = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &facts) == 0);
    const size_t count = (size_t)facts.st_size;
    uint8_t *const bytes = mmap(NULL, count, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    assert_true(bytes != MAP_FAILED);
    if (sky_scan_begin(&scan, bytes, count, &reason) == SKY_OK) {
        sky_scan_next(&scan, &item);
        while (item.found == SKY_SCAN_RECORD) {
            struct sky_arena arena = {.bytes = arena_bytes, .capacity = sizeof arena_bytes};
            seen_record(seen, &item, &arena, look);
            sky_scan_next(&scan, &item);
        }
        seen->torn += item.found != SKY_SCAN_END;
    } else {
        seen->torn++;
    }
    seen->segments++;
    seen->bytes += count;
    munmap(bytes, count);
}

static inline int seen_is_segment(const struct dirent *entry)
{
    return strncmp(entry->d_name, "seg-", 4) == 0 && strstr(entry->d_name, ".tmp") == NULL;
}

/** Reads folder/log, whether it is still being written or not. look may be NULL. */
static inline void seen_read(struct seen *seen, const char *folder, const struct seen_look *look)
{
    struct dirent **entry = NULL;
    char path[400];
    memset(seen, 0, offsetof(struct seen, words));
    seen->words[0] = '\0';
    seen->too_many_words = false;
    snprintf(path, sizeof path, "%s/log", folder);
    const int count = scandir(path, &entry, seen_is_segment, alphasort);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/log/%s", folder, entry[i]->d_name);
        seen_segment(seen, path, look);
        free(entry[i]);
    }
    free(entry);
}

#endif
