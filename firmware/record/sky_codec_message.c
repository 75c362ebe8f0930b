#include "sky_codec_parts.h"

#include <protobuf-c/protobuf-c.h>

/* ---- text ---- */

size_t sky_codec_character_bytes(const char *text)
{
    const unsigned char lead = (unsigned char)text[0];
    if (lead < 0x80) {
        return 1;
    }
    const size_t bytes = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    for (size_t i = 1; i < bytes; i++) {
        const unsigned char next = (unsigned char)text[i];
        const unsigned char low = i > 1 ? 0x80 : lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        const unsigned char high = i > 1 ? 0xBF : lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (next < low || next > high) {
            return 0;
        }
    }
    return bytes;
}

static bool is_utf8(const char *text)
{
    while (*text != 0) {
        const size_t bytes = sky_codec_character_bytes(text);
        if (bytes == 0) {
            return false;
        }
        text += bytes;
    }
    return true;
}

/* ---- memory ---- */

enum { ARENA_ALIGN = 16 };

void *sky_codec_array(struct sky_arena *arena, size_t count, size_t item_bytes)
{
    const size_t left = arena->capacity - arena->used;
    if (count > left / item_bytes) {
        return NULL;
    }
    void *taken = arena->bytes + arena->used;
    const size_t taken_bytes = count * item_bytes;
    const size_t pad = (ARENA_ALIGN - taken_bytes % ARENA_ALIGN) % ARENA_ALIGN;
    arena->used += pad < left - taken_bytes ? taken_bytes + pad : left;
    return taken;
}

/* The arena as protobuf-c wants it. It may ask for far more than the bytes it reads. */
struct pool {
    struct sky_arena *arena;
    bool refused;
};

static void *pool_take(void *context, size_t count)
{
    struct pool *pool = context;
    void *taken = sky_codec_array(pool->arena, count, 1);
    pool->refused |= taken == NULL;
    return taken;
}

static void pool_give(void *context, void *taken)
{
    (void)context;
    (void)taken; /* all at once, when the arena is reset */
}

/* ---- messages ---- */

static bool field_sound(const ProtobufCFieldDescriptor *field, const void *member);

/*
 * What the wire format does not promise: text is UTF-8 and enumerations have a value that exists.
 * The recursion is as deep as the schema, three messages.
 */
static bool message_sound(const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const char *member = (const char *)message + field->offset;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            if (!field_sound(field, member)) {
                return false;
            }
        } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) { /* the only repeated ones to look at */
            const size_t count =
                *(const size_t *)((const char *)message + field->quantifier_offset);
            const ProtobufCMessage *const *item = *(const ProtobufCMessage *const *const *)member;
            for (size_t k = 0; k < count; k++) {
                if (!message_sound(item[k])) {
                    return false;
                }
            }
        }
    }
    return true;
}

static bool field_sound(const ProtobufCFieldDescriptor *field, const void *member)
{
    if (field->type == PROTOBUF_C_TYPE_ENUM) { /* every enumeration is a required field */
        return protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)member) !=
               NULL;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)member;
        return text == NULL || is_utf8(text);
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *message = *(const ProtobufCMessage *const *)member;
        return message == NULL || message_sound(message);
    }
    return true;
}

enum sky_status sky_codec_read(struct sky_arena *arena, const ProtobufCMessageDescriptor *type,
                               const uint8_t *bytes, size_t count,
                               const ProtobufCMessage **ret_message)
{
    struct pool pool = {.arena = arena};
    ProtobufCAllocator allocator = {.alloc = pool_take, .free = pool_give, .allocator_data = &pool};
    const ProtobufCMessage *message = protobuf_c_message_unpack(type, &allocator, count, bytes);
    if (message == NULL) {
        return pool.refused ? SKY_E_CAPACITY : SKY_E_CORRUPT;
    }
    if (!message_sound(message)) {
        return SKY_E_CORRUPT;
    }
    *ret_message = message;
    return SKY_OK;
}
