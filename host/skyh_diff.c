#include "skyh_diff.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "skywitness.pb-c.h"

static const ProtobufCMessageDescriptor *const types[] = {
    &skywitness__v1__config__descriptor,        &skywitness__v1__tick__descriptor,
    &skywitness__v1__gnss__descriptor,          &skywitness__v1__registers__descriptor,
    &skywitness__v1__datagram__descriptor,      &skywitness__v1__source__descriptor,
    &skywitness__v1__clock_step__descriptor,    &skywitness__v1__pose__descriptor,
    &skywitness__v1__clock__descriptor,         &skywitness__v1__track__descriptor,
    &skywitness__v1__assessment__descriptor,    &skywitness__v1__incident__descriptor,
    &skywitness__v1__incident_line__descriptor, &skywitness__v1__classification__descriptor,
    &skywitness__v1__reject__descriptor,        &skywitness__v1__plot_rows__descriptor,
    &skywitness__v1__alert__descriptor,         &skywitness__v1__sensor__descriptor,
    &skywitness__v1__reading__descriptor,       &skywitness__v1__register_map__descriptor,
};

enum { VALUE_TEXT_MAX = 64 };

/* A field's value in memory, by its type, as text. */
static void value_text(const ProtobufCFieldDescriptor *field, const char *at,
                       char text[VALUE_TEXT_MAX])
{
    union {
        int32_t i32;
        uint32_t u32;
        int64_t i64;
        uint64_t u64;
        float real32;
        double real64;
        char *string;
        ProtobufCBinaryData data;
    } value;
    memset(&value, 0, sizeof value);
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_BOOL:
        memcpy(&value.i32, at, sizeof value.i32);
        (void)snprintf(text, VALUE_TEXT_MAX, "%" PRId32, value.i32);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        memcpy(&value.u32, at, sizeof value.u32);
        (void)snprintf(text, VALUE_TEXT_MAX, "%" PRIu32, value.u32);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        memcpy(&value.i64, at, sizeof value.i64);
        (void)snprintf(text, VALUE_TEXT_MAX, "%" PRId64, value.i64);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        memcpy(&value.u64, at, sizeof value.u64);
        (void)snprintf(text, VALUE_TEXT_MAX, "%" PRIu64, value.u64);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        memcpy(&value.real32, at, sizeof value.real32);
        (void)snprintf(text, VALUE_TEXT_MAX, "%.9g", (double)value.real32);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        memcpy(&value.real64, at, sizeof value.real64);
        (void)snprintf(text, VALUE_TEXT_MAX, "%.17g", value.real64);
        break;
    case PROTOBUF_C_TYPE_ENUM: {
        memcpy(&value.i32, at, sizeof value.i32);
        const ProtobufCEnumValue *const name =
            protobuf_c_enum_descriptor_get_value(field->descriptor, value.i32);
        (void)snprintf(text, VALUE_TEXT_MAX, "%s", name != NULL ? name->name : "?");
        break;
    }
    case PROTOBUF_C_TYPE_STRING:
        memcpy(&value.string, at, sizeof value.string);
        (void)snprintf(text, VALUE_TEXT_MAX, "\"%.58s\"", value.string != NULL ? value.string : "");
        break;
    case PROTOBUF_C_TYPE_BYTES:
        memcpy(&value.data, at, sizeof value.data);
        (void)snprintf(text, VALUE_TEXT_MAX, "%zu bytes", value.data.len);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        (void)snprintf(text, VALUE_TEXT_MAX, "a message");
        break;
    }
}

static size_t value_bytes(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_BOOL:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    }
    return 0;
}

/* How many values a field has: 0 or 1, or the length of a repeated one. */
static size_t count_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *const base = (const char *)message;
    const bool pointer =
        field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = 0;
        memcpy(&count, base + field->quantifier_offset, sizeof count);
        return count;
    }
    if (pointer) {
        const void *value = NULL;
        memcpy(&value, base + field->offset, sizeof value);
        return value != NULL ? 1 : 0;
    }
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL) {
        protobuf_c_boolean has = 0;
        memcpy(&has, base + field->quantifier_offset, sizeof has);
        return has != 0 ? 1 : 0;
    }
    return 1;
}

static const char *values_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *at = (const char *)message + field->offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        const char *array = NULL;
        memcpy(&array, at, sizeof array);
        return array;
    }
    return at;
}

static bool equal_values(const ProtobufCFieldDescriptor *field, const char *a, const char *b)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *left = NULL, *right = NULL;
        memcpy(&left, a, sizeof left);
        memcpy(&right, b, sizeof right);
        return strcmp(left, right) == 0;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData left, right;
        memcpy(&left, a, sizeof left);
        memcpy(&right, b, sizeof right);
        return left.len == right.len &&
               (left.len == 0 || memcmp(left.data, right.data, left.len) == 0);
    }
    return memcmp(a, b, value_bytes(field)) == 0;
}

static const ProtobufCMessage *message_at(const char *at)
{
    const void *message = NULL;
    memcpy(&message, at, sizeof(void *));
    return message;
}

/*
 * Walks two messages of one type together. path is where they stand; true if a difference was
 * written. Depth is that of the schema: messages do not contain themselves.
 */
static bool first_difference(const ProtobufCMessage *a, const ProtobufCMessage *b, const char *path,
                             char ret_text[SKYH_DIFF_MAX])
{
    for (unsigned i = 0; i < a->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *const field = &a->descriptor->fields[i];
        const size_t count = count_of(a, field);
        char here[96];
        (void)snprintf(here, sizeof here, "%.60s%s%.30s", path, path[0] == '\0' ? "" : ".",
                       field->name);
        if (count != count_of(b, field)) {
            (void)snprintf(ret_text, SKYH_DIFF_MAX, "%s: recorded %zu of them, recomputed %zu",
                           here, count, count_of(b, field));
            return true;
        }
        for (size_t k = 0; k < count; k++) {
            const char *const left = values_of(a, field) + k * value_bytes(field);
            const char *const right = values_of(b, field) + k * value_bytes(field);
            if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
                if (first_difference(message_at(left), message_at(right), here, ret_text)) {
                    return true;
                }
            } else if (!equal_values(field, left, right)) {
                char was[VALUE_TEXT_MAX], is[VALUE_TEXT_MAX];
                value_text(field, left, was);
                value_text(field, right, is);
                (void)snprintf(ret_text, SKYH_DIFF_MAX, "%s: recorded %s, recomputed %s", here, was,
                               is);
                return true;
            }
        }
    }
    return false;
}

_Static_assert(sizeof types / sizeof types[0] == SKY_CHANNEL_END - SKY_CHANNEL_CONFIG,
               "a type per channel");

static const ProtobufCMessageDescriptor *type_of(enum sky_channel channel)
{
    const char *const name = sky_codec_type(channel);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i]->name, name) == 0) {
            return types[i];
        }
    }
    return NULL;
}

const char *skyh_diff(enum sky_channel channel, const uint8_t *recorded, size_t recorded_bytes,
                      const uint8_t *recomputed, size_t recomputed_bytes,
                      char ret_text[SKYH_DIFF_MAX])
{
    const ProtobufCMessageDescriptor *const type = type_of(channel);
    ProtobufCMessage *const was =
        type != NULL ? protobuf_c_message_unpack(type, NULL, recorded_bytes, recorded) : NULL;
    ProtobufCMessage *const is =
        type != NULL ? protobuf_c_message_unpack(type, NULL, recomputed_bytes, recomputed) : NULL;
    if (was == NULL || is == NULL) {
        (void)snprintf(ret_text, SKYH_DIFF_MAX, "the %s record cannot be decoded",
                       was == NULL ? "recorded" : "recomputed");
    } else if (!first_difference(was, is, "", ret_text)) {
        (void)snprintf(ret_text, SKYH_DIFF_MAX, "all fields are equal, their encoding is not");
    }
    protobuf_c_message_free_unpacked(was, NULL);
    protobuf_c_message_free_unpacked(is, NULL);
    return ret_text;
}
