/**
 * skyh_json: reads what people write in JSON, strictly, and says exactly what is wrong and where.
 *
 * A table of fields is the parser, the range check and the documentation in one. A missing field,
 * one that is not in the table, a wrong type and a value out of range are all errors of one line:
 * "FILE: targets[0].legs[2].speed_mps: missing; expected a number in m/s".
 */
#ifndef SKYH_JSON_H
#define SKYH_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "skyh_out.h"

/** A value and where it stands. Borrows the value from the document. */
struct skyh_node {
    const char *file;
    json_t *value;
    char path[160]; /* "targets[0].legs[2]"; "" for the top */
};

enum skyh_field_kind {
    SKYH_FIELD_NUMBER = 1, /* double */
    SKYH_FIELD_COUNT,      /* uint32_t */
    SKYH_FIELD_SECONDS,    /* seconds in the file, int64_t nanoseconds in memory */
    SKYH_FIELD_DEGREES,    /* degrees in the file, double radians in memory */
    SKYH_FIELD_BOOL,       /* bool */
    SKYH_FIELD_TEXT,       /* char[], `size` bytes with the final zero; not empty */
    SKYH_FIELD_NESTED,     /* an object or array the caller reads itself */
    SKYH_FIELD_OTHER       /* a value of any type the caller reads itself */
};

struct skyh_field {
    const char *key; /* NULL ends a table */
    enum skyh_field_kind kind;
    size_t offset; /* in the struct that is filled */
    size_t size;   /* of a text's buffer */
    double low;    /* inclusive, in the file's unit */
    double high;
    const char *unit; /* "m/s", for messages; "" if it has none */
    bool optional;    /* left as it is if absent */
};

/**
 * Reads a file whole. Exit codes: SKYH_EXIT_NO_INPUT if it cannot be read, SKYH_EXIT_DATA if it is
 * larger than 64 MiB; a regular file is not read at all then.
 * Owns: the caller frees *ret_bytes. One zero byte follows the content.
 */
bool skyh_json_slurp(const char *file, char **ret_bytes, size_t *ret_count,
                     struct skyh_problem *problem);

/** Parses text; the caller releases *ret_json with json_decref. SKYH_EXIT_DATA with line, column.
 */
bool skyh_json_parse(const char *file, const char *text, size_t count, json_t **ret_json,
                     struct skyh_problem *problem);

/** The top of a document. */
struct skyh_node skyh_json_top(const char *file, json_t *value);

/** Fills base from an object by a table. */
bool skyh_json_fields(const struct skyh_node *object, const struct skyh_field *fields, void *base,
                      struct skyh_problem *problem);

/** A member; its value is NULL if there is none. */
struct skyh_node skyh_json_member(const struct skyh_node *object, const char *key);

/** An element. Pre: index is in the array. */
struct skyh_node skyh_json_element(const struct skyh_node *array, size_t index);

/** True and *ret_count if the node is an array of low .. high elements. */
bool skyh_json_array(const struct skyh_node *node, size_t low, size_t high, size_t *ret_count,
                     struct skyh_problem *problem);

/** Fails with "FILE: path: what". */
bool skyh_json_fail(const struct skyh_node *node, struct skyh_problem *problem, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

#endif
