#include "skyh_reviews.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "skyh_audit.h"
#include "skyh_json.h"

static const char first_line[] = "skywitness review v1";
static const char *const decisions[] = {
    [SKYH_CONFIRM] = "confirm", [SKYH_DISMISS] = "dismiss", [SKYH_ANNOTATE] = "annotate"};

const char *skyh_review_decision(enum skyh_decision decision) { return decisions[decision]; }

void skyh_review_file(const char *path, unsigned number, char ret_file[SKYH_LOG_PATH_MAX + 24])
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    (void)snprintf(ret_file, SKYH_LOG_PATH_MAX + 24, "%.*s.review-%u", (int)length, path, number);
}

void skyh_review_name(struct skyh_review *review, const struct skyh_incident *incident)
{
    char utc[SKYH_UTC_TEXT_MAX];
    review->run = incident->run;
    review->incident = incident->said.id;
    (void)snprintf(review->zone, sizeof review->zone, "%s", incident->zone);
    (void)snprintf(review->opened, sizeof review->opened, "%s",
                   incident->utc_known
                       ? skyh_utc_rfc3339(incident->said.opened_ns + incident->utc_offset_ns, utc)
                       : "-");
}

/* The run's number is not compared: it counts from the oldest segment that is still there. */
bool skyh_review_is_of(const struct skyh_review *review, const struct skyh_incident *incident)
{
    struct skyh_review named = {0};
    skyh_review_name(&named, incident);
    return review->holds && review->incident == named.incident &&
           strcmp(review->zone, named.zone) == 0 && strcmp(review->opened, named.opened) == 0;
}

size_t skyh_review_text(const struct skyh_review *review, char ret_text[SKYH_REVIEW_TEXT_MAX])
{
    char root[2 * SKY_HASH_BYTES], key[SKY_NOTE_KEY_TEXT_MAX];
    (void)sky_base64(review->log.root.bytes, SKY_HASH_BYTES, root);
    sky_note_key_text(&review->key, key);
    const int count =
        snprintf(ret_text, SKYH_REVIEW_TEXT_MAX,
                 "%s\nlog %" PRIu64 " %s\nincident %" PRIu64 ".%" PRIu32
                 "\nzone %s\nopened %s\ndecision %s\ntime %s\nkey %s\ntext %s\n",
                 first_line, review->log.size, root, review->run, review->incident, review->zone,
                 review->opened, decisions[review->decision], review->time, key, review->words);
    return count > 0 ? (size_t)count : 0;
}

/* ----------------------------------------------------------------------------------- reading */

static bool fail(struct skyh_review *review, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool fail(struct skyh_review *review, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(review->wrong, sizeof review->wrong, format, list);
    va_end(list);
    return false;
}

/* Takes the line "WORD rest"; the rest must have room, and may be empty. */
static bool take_line(const char **at, const char *end, const char *word, char *ret_rest,
                      size_t room)
{
    const size_t length = strlen(word);
    const char *const feed = memchr(*at, '\n', (size_t)(end - *at));
    if (feed == NULL || (size_t)(feed - *at) < length + 1 || strncmp(*at, word, length) != 0 ||
        (*at)[length] != ' ') {
        return false;
    }
    const char *const from = *at + length + 1;
    const size_t count = (size_t)(feed - from);
    if (count >= room) {
        return false;
    }
    memcpy(ret_rest, from, count);
    ret_rest[count] = '\0';
    *at = feed + 1;
    return true;
}

static bool read_log(struct skyh_review *review, const char *text)
{
    const char *const space = strchr(text, ' ');
    size_t count = 0;
    return space != NULL && sky_decimal_read(text, (size_t)(space - text), &review->log.size) &&
           sky_base64_read(space + 1, strlen(space + 1), review->log.root.bytes, SKY_HASH_BYTES,
                           &count) &&
           count == SKY_HASH_BYTES;
}

static bool read_incident(struct skyh_review *review, const char *text)
{
    const char *const dot = strchr(text, '.');
    uint64_t id = 0;
    if (dot == NULL || !sky_decimal_read(text, (size_t)(dot - text), &review->run) ||
        !sky_decimal_read(dot + 1, strlen(dot + 1), &id) || id == 0 || id > UINT32_MAX) {
        return false;
    }
    review->incident = (uint32_t)id;
    return true;
}

static bool read_decision(struct skyh_review *review, const char *text)
{
    for (int i = SKYH_CONFIRM; i <= SKYH_ANNOTATE; i++) {
        if (strcmp(text, decisions[i]) == 0) {
            review->decision = (enum skyh_decision)i;
            return true;
        }
    }
    return false;
}

static bool read_text(struct skyh_review *review, const struct sky_note *note)
{
    const char *at = note->text, *const end = note->text + note->text_bytes;
    char line[SKY_NOTE_KEY_TEXT_MAX], again[SKYH_REVIEW_TEXT_MAX];
    const size_t first = sizeof first_line - 1;
    if (note->text_bytes <= first || strncmp(at, first_line, first) != 0 || at[first] != '\n') {
        return fail(review, "it does not begin with \"%s\"", first_line);
    }
    at += first + 1;
    if (!take_line(&at, end, "log", line, sizeof line) || !read_log(review, line)) {
        return fail(review, "expected \"log SIZE ROOT\"");
    }
    if (!take_line(&at, end, "incident", line, sizeof line) || !read_incident(review, line)) {
        return fail(review, "expected \"incident RUN.ID\"");
    }
    if (!take_line(&at, end, "zone", review->zone, sizeof review->zone) ||
        !take_line(&at, end, "opened", review->opened, sizeof review->opened)) {
        return fail(review, "expected \"zone NAME\" and \"opened UTC\"");
    }
    if (!take_line(&at, end, "decision", line, sizeof line) || !read_decision(review, line)) {
        return fail(review, "expected \"decision confirm\", dismiss or annotate");
    }
    if (!take_line(&at, end, "time", review->time, sizeof review->time)) {
        return fail(review, "expected \"time UTC\"");
    }
    if (!take_line(&at, end, "key", line, sizeof line) ||
        sky_note_read_key(line, strlen(line), &review->key) != SKY_OK) {
        return fail(review, "expected \"key NAME+ID+KEY\"");
    }
    if (!take_line(&at, end, "text", review->words, sizeof review->words) || at != end ||
        skyh_review_text(review, again) != note->text_bytes ||
        memcmp(again, note->text, note->text_bytes) != 0) {
        return fail(review, "expected \"text WORDS\" and nothing else");
    }
    return true;
}

/* Reads one, as far as it goes without the log. */
static void read_review(struct skyh_review *review, const struct sky_note_key *key,
                        size_t key_count)
{
    struct skyh_problem problem;
    struct sky_note note;
    char *bytes = NULL;
    size_t count = 0;
    const char *reason = NULL;
    if (!skyh_json_slurp(review->file, &bytes, &count, &problem)) {
        (void)fail(review, "it cannot be read");
        return;
    }
    if (sky_note_parse(bytes, count, &note, &reason) != SKY_OK) {
        (void)fail(review, "no signed note: %s", reason);
    } else if (read_text(review, &note)) {
        review->holds = sky_note_check(&note, &review->key, NULL) == SKY_NOTE_SIGNED ||
                        fail(review, "altered: %s did not sign this", review->key.name);
    }
    for (size_t i = 0; review->holds && i < key_count; i++) {
        char mine[SKY_NOTE_KEY_TEXT_MAX], its[SKY_NOTE_KEY_TEXT_MAX];
        sky_note_key_text(&key[i], mine);
        sky_note_key_text(&review->key, its);
        review->known = review->known || strcmp(mine, its) == 0;
    }
    free(bytes);
}

/* Does the log have the trees that they are about? */
static bool compare_with_log(struct skyh_reviews *reviews, struct skyh_log *log,
                             struct skyh_problem *problem)
{
    struct skyh_held *const held = calloc(reviews->count, sizeof *held);
    struct skyh_audit *const audit = calloc(1, sizeof *audit);
    bool sound = held != NULL && audit != NULL;
    if (!sound) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    } else {
        const struct skyh_audit_config config = {.held = held, .held_count = reviews->count};
        for (size_t i = 0; i < reviews->count; i++) {
            held[i].name = reviews->review[i].file;
            held[i].checkpoint = reviews->review[i].log;
        }
        sound = skyh_audit_run(log, &config, audit, problem);
        skyh_log_rewind(log);
        skyh_audit_free(audit);
    }
    for (size_t i = 0; sound && i < reviews->count; i++) {
        struct skyh_review *const review = &reviews->review[i];
        if (!review->holds) {
            continue;
        }
        if (held[i].differs) {
            review->holds = fail(review, "foreign: it is about another log");
        } else if (!held[i].seen) {
            review->holds =
                fail(review, "foreign: this log has no tree of %" PRIu64 " records to compare",
                     review->log.size);
        }
    }
    free(held);
    free(audit);
    return sound;
}

bool skyh_reviews_read(struct skyh_reviews *reviews, const char *path, struct skyh_log *log,
                       const struct sky_note_key *key, size_t key_count,
                       struct skyh_problem *problem)
{
    char file[SKYH_LOG_PATH_MAX + 24];
    unsigned missing = 0; /* in a row: one may have been taken away */
    bool any = false;
    for (unsigned number = 1; missing < 16 && reviews->count < SKYH_REVIEWS_MAX; number++) {
        skyh_review_file(path, number, file);
        if (access(file, F_OK) != 0) {
            missing++;
            continue;
        }
        missing = 0;
        struct skyh_review *const grown =
            realloc(reviews->review, (reviews->count + 1) * sizeof *grown);
        if (grown == NULL) {
            return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
        }
        reviews->review = grown;
        struct skyh_review *const review = &grown[reviews->count++];
        memset(review, 0, sizeof *review);
        memcpy(review->file, file, sizeof review->file);
        read_review(review, key, key_count);
        any = any || review->holds;
    }
    return !any || compare_with_log(reviews, log, problem);
}

void skyh_reviews_done(struct skyh_reviews *reviews)
{
    free(reviews->review);
    memset(reviews, 0, sizeof *reviews);
}
