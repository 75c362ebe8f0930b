/**
 * sky_codec_parts: what the files of sky_codec share. Private to this folder.
 *
 *   sky_codec          the channels, and that the numbers in the log are the numbers in the core
 *   sky_codec_pack     core structs to messages to bytes
 *   sky_codec_message  bytes to messages: memory, and the checks that protobuf-c leaves out
 *   sky_codec_unpack   messages to core structs
 *   sky_codec_zones    a zone set's message to the set that the core watches
 */
#ifndef SKY_CODEC_PARTS_H
#define SKY_CODEC_PARTS_H

#include "sky_codec.h"

struct ProtobufCMessage;
struct ProtobufCMessageDescriptor;

/** The message type of a channel; static storage. Pre: a channel of sky_codec.h. */
const struct ProtobufCMessageDescriptor *sky_codec_descriptor(enum sky_channel channel);

/**
 * Bytes of the character that text begins with, 0 if it is not UTF-8 (RFC 3629: no overlong forms,
 * no surrogates, nothing beyond U+10FFFF). Stops at the final zero, so it never reads past it.
 */
size_t sky_codec_character_bytes(const char *text);

/** Room in the arena for count items of one size, aligned to 16; NULL if there is not as much. */
void *sky_codec_array(struct sky_arena *arena, size_t count, size_t item_bytes);

/**
 * Reads a message into the arena, behind what is there. Its text is UTF-8, its enumerations have
 * values that exist, and its required fields are set.
 * Returns SKY_E_CORRUPT if bytes are not such a message, SKY_E_CAPACITY if the arena is too small.
 */
SKY_NODISCARD enum sky_status sky_codec_read(struct sky_arena *arena,
                                             const struct ProtobufCMessageDescriptor *type,
                                             const uint8_t *bytes, size_t count,
                                             const struct ProtobufCMessage **ret_message);

#endif
