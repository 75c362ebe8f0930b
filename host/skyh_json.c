#include "skyh_json.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sky_math.h"

enum { FILE_BYTES_MAX = 64 * 1024 * 1024 };

static bool too_large(const char *file, struct skyh_problem *problem)
{
    return skyh_fail(problem, SKYH_EXIT_DATA, "%s: larger than %d MiB; expected no more", file,
                     FILE_BYTES_MAX >> 20);
}

static bool read_all(FILE *stream, const char *file, char **ret_bytes, size_t *ret_count,
                     struct skyh_problem *problem)
{
    size_t capacity = 65536, count = 0;
    char *bytes = NULL;
    for (;;) {
        char *const grown = realloc(bytes, capacity + 1);
        if (grown == NULL) {
            free(bytes);
            return skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: out of memory", file);
        }
        bytes = grown;
        count += fread(bytes + count, 1, capacity - count, stream);
        if (count < capacity) {
            break;
        }
        capacity *= 2;
        if (capacity > FILE_BYTES_MAX) {
            free(bytes);
            return too_large(file, problem);
        }
    }
    if (ferror(stream) != 0) {
        free(bytes);
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: %s", file, strerror(errno));
    }
    bytes[count] = '\0';
    *ret_bytes = bytes;
    *ret_count = count;
    return true;
}

bool skyh_json_slurp(const char *file, char **ret_bytes, size_t *ret_count,
                     struct skyh_problem *problem)
{
    FILE *const stream = fopen(file, "rbe");
    if (stream == NULL) {
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: %s", file, strerror(errno));
    }
    struct stat facts;
    const bool fits = fstat(fileno(stream), &facts) != 0 || !S_ISREG(facts.st_mode) ||
                      facts.st_size <= FILE_BYTES_MAX;
    const bool read =
        fits ? read_all(stream, file, ret_bytes, ret_count, problem) : too_large(file, problem);
    (void)fclose(stream);
    return read;
}

bool skyh_json_parse(const char *file, const char *text, size_t count, json_t **ret_json,
                     struct skyh_problem *problem)
{
    json_error_t error;
    json_t *const json = json_loadb(text, count, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "%s: line %d column %d: %s; expected JSON", file,
                         error.line, error.column, error.text);
    }
    *ret_json = json;
    return true;
}

struct skyh_node skyh_json_top(const char *file, json_t *value)
{
    return (struct skyh_node){.file = file, .value = value, .path = ""};
}

struct skyh_node skyh_json_member(const struct skyh_node *object, const char *key)
{
    struct skyh_node node = {.file = object->file, .value = json_object_get(object->value, key)};
    (void)snprintf(node.path, sizeof node.path, "%.*s%s%.*s", 100, object->path,
                   object->path[0] == '\0' ? "" : ".", 50, key);
    return node;
}

struct skyh_node skyh_json_element(const struct skyh_node *array, size_t index)
{
    struct skyh_node node = {.file = array->file, .value = json_array_get(array->value, index)};
    (void)snprintf(node.path, sizeof node.path, "%.*s[%zu]", 130, array->path, index);
    return node;
}

bool skyh_json_fail(const struct skyh_node *node, struct skyh_problem *problem, const char *format,
                    ...)
{
    char text[450];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return skyh_fail(problem, SKYH_EXIT_DATA, "%s: %s: %s", node->file,
                     node->path[0] == '\0' ? "top level" : node->path, text);
}

bool skyh_json_array(const struct skyh_node *node, size_t low, size_t high, size_t *ret_count,
                     struct skyh_problem *problem)
{
    if (!json_is_array(node->value)) {
        return skyh_json_fail(node, problem, "%s; expected an array",
                              node->value == NULL ? "missing" : "not an array");
    }
    const size_t count = json_array_size(node->value);
    if (count < low || count > high) {
        return skyh_json_fail(node, problem, "has %zu elements; expected %zu to %zu", count, low,
                              high);
    }
    *ret_count = count;
    return true;
}

/* What a field should have been, in words. */
static const char *expectation(const struct skyh_field *field, char *buffer, size_t capacity)
{
    const char *const in = field->unit[0] == '\0' ? "" : " in ";
    switch (field->kind) {
    case SKYH_FIELD_NUMBER:
    case SKYH_FIELD_SECONDS:
    case SKYH_FIELD_DEGREES:
        (void)snprintf(buffer, capacity, "a number%s%s", in, field->unit);
        break;
    case SKYH_FIELD_COUNT:
        (void)snprintf(buffer, capacity, "a whole number%s%s", in, field->unit);
        break;
    case SKYH_FIELD_BOOL:
        (void)snprintf(buffer, capacity, "true or false");
        break;
    case SKYH_FIELD_TEXT:
        (void)snprintf(buffer, capacity, "a text of 1 to %zu bytes", field->size - 1);
        break;
    case SKYH_FIELD_NESTED:
    case SKYH_FIELD_OTHER:
        (void)snprintf(buffer, capacity, "%s", field->unit);
        break;
    }
    return buffer;
}

static bool store_text(const struct skyh_node *node, const struct skyh_field *field, char *place,
                       struct skyh_problem *problem)
{
    const char *const text = json_string_value(node->value);
    const size_t length = json_string_length(node->value);
    if (length == 0 || length >= field->size || strlen(text) != length) {
        return skyh_json_fail(node, problem, "%zu bytes long; expected a text of 1 to %zu bytes",
                              length, field->size - 1);
    }
    memcpy(place, text, length + 1);
    return true;
}

static bool store_number(const struct skyh_node *node, const struct skyh_field *field, char *place,
                         struct skyh_problem *problem)
{
    const double value = json_number_value(node->value);
    if (!(value >= field->low && value <= field->high)) {
        char wanted[80];
        return skyh_json_fail(node, problem, "%.10g is out of range; expected %s, %.10g to %.10g",
                              value, expectation(field, wanted, sizeof wanted), field->low,
                              field->high);
    }
    if (field->kind == SKYH_FIELD_COUNT) {
        const uint32_t whole = (uint32_t)value;
        memcpy(place, &whole, sizeof whole);
    } else if (field->kind == SKYH_FIELD_SECONDS) {
        const int64_t time_ns = (int64_t)llround(value * 1e9);
        memcpy(place, &time_ns, sizeof time_ns);
    } else {
        const double number = field->kind == SKYH_FIELD_DEGREES ? value * (SKY_PI / 180.0) : value;
        memcpy(place, &number, sizeof number);
    }
    return true;
}

static bool has_type(const json_t *value, enum skyh_field_kind kind)
{
    switch (kind) {
    case SKYH_FIELD_NUMBER:
    case SKYH_FIELD_SECONDS:
    case SKYH_FIELD_DEGREES:
        return json_is_number(value);
    case SKYH_FIELD_COUNT:
        return json_is_integer(value);
    case SKYH_FIELD_BOOL:
        return json_is_boolean(value);
    case SKYH_FIELD_TEXT:
        return json_is_string(value);
    case SKYH_FIELD_NESTED:
        return json_is_array(value) || json_is_object(value);
    case SKYH_FIELD_OTHER:
        return true;
    }
    return false;
}

static bool read_field(const struct skyh_node *object, const struct skyh_field *field, void *base,
                       struct skyh_problem *problem)
{
    const struct skyh_node node = skyh_json_member(object, field->key);
    if (node.value == NULL && field->optional) {
        return true;
    }
    if (node.value == NULL || !has_type(node.value, field->kind)) {
        char wanted[80];
        return skyh_json_fail(&node, problem, "%s; expected %s",
                              node.value == NULL ? "missing" : "of the wrong type",
                              expectation(field, wanted, sizeof wanted));
    }
    char *const place = (char *)base + field->offset;
    switch (field->kind) {
    case SKYH_FIELD_NUMBER:
    case SKYH_FIELD_SECONDS:
    case SKYH_FIELD_DEGREES:
    case SKYH_FIELD_COUNT:
        return store_number(&node, field, place, problem);
    case SKYH_FIELD_TEXT:
        return store_text(&node, field, place, problem);
    case SKYH_FIELD_BOOL: {
        const bool yes = json_is_true(node.value);
        memcpy(place, &yes, sizeof yes);
        return true;
    }
    case SKYH_FIELD_NESTED:
    case SKYH_FIELD_OTHER:
        return true;
    }
    return false;
}

/* A field nobody reads is a misspelt one: name it, and what it could have been. */
static bool refuse_unknown(const struct skyh_node *object, const struct skyh_field *fields,
                           struct skyh_problem *problem)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(object->value, key, value)
    {
        bool known = false;
        char names[400] = "";
        for (const struct skyh_field *field = fields; field->key != NULL; field++) {
            known = known || strcmp(field->key, key) == 0;
            const size_t used = strlen(names);
            (void)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                           field->key);
        }
        if (!known) {
            const struct skyh_node node = skyh_json_member(object, key);
            return skyh_json_fail(&node, problem, "unknown field; expected one of %s", names);
        }
    }
    return true;
}

bool skyh_json_fields(const struct skyh_node *object, const struct skyh_field *fields, void *base,
                      struct skyh_problem *problem)
{
    if (!json_is_object(object->value)) {
        return skyh_json_fail(object, problem, "%s; expected an object",
                              object->value == NULL ? "missing" : "of the wrong type");
    }
    if (!refuse_unknown(object, fields, problem)) {
        return false;
    }
    for (const struct skyh_field *field = fields; field->key != NULL; field++) {
        if (!read_field(object, field, base, problem)) {
            return false;
        }
    }
    return true;
}
