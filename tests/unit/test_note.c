#include "sky_note.h"

#include <string.h>

#include "sky_test.h"

static const char origin[] = "skywitness.example/sbc-0001";

static struct sky_note_signer log_signer, witness_signer, stranger;
static struct sky_hash root;

static int make_keys(void **state)
{
    (void)state;
    uint8_t seed[SKY_ED25519_BYTES];
    memset(seed, 1, sizeof seed);
    assert_int_equal(sky_note_make_signer(origin, SKY_NOTE_ED25519, seed, &log_signer), SKY_OK);
    assert_int_equal(sky_note_make_signer("state-a.example/w1", SKY_NOTE_COSIGNATURE,
                                          memset(seed, 2, sizeof seed), &witness_signer),
                     SKY_OK);
    assert_int_equal(
        sky_note_make_signer(origin, SKY_NOTE_ED25519, memset(seed, 3, sizeof seed), &stranger),
        SKY_OK);
    size_t used;
    assert_true(
        sky_base64_read("L/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKE=", 44, root.bytes, 32, &used));
    return 0;
}

static struct sky_checkpoint checkpoint_of(uint64_t size)
{
    struct sky_checkpoint checkpoint = {.size = size, .root = root};
    memcpy(checkpoint.origin, origin, sizeof origin);
    return checkpoint;
}

/* A signed and cosigned checkpoint. */
static size_t make_note(char ret_note[1024])
{
    const struct sky_checkpoint checkpoint = checkpoint_of(1000);
    char line[SKY_NOTE_LINE_MAX], text[SKY_CHECKPOINT_TEXT_MAX];
    size_t used = sky_checkpoint_sign(&checkpoint, &log_signer, ret_note);
    assert_true(used > 0);
    const size_t text_bytes = sky_checkpoint_text(&checkpoint, text);
    assert_true(sky_note_sign(&witness_signer, text, text_bytes, 1758000002, line));
    memcpy(ret_note + used, line, strlen(line) + 1);
    return used + strlen(line);
}

static void assert_refused(const char *text, size_t count)
{
    static struct sky_note note;
    const char *reason = NULL;
    if (sky_note_parse(text, count, &note, &reason) == SKY_OK) {
        fail_msg("taken for a note: %.*s", (int)count, text);
    }
    assert_non_null(reason);
}

static void a_key_is_written_as_its_known_text(void **state)
{
    (void)state;
    char text[SKY_NOTE_KEY_TEXT_MAX];
    sky_note_key_text(&log_signer.key, text);
    assert_string_equal(text, "skywitness.example/sbc-0001+c80dced4+"
                              "AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c");
}

static void a_checkpoint_is_signed_as_its_known_text(void **state)
{
    (void)state;
    char note[SKY_NOTE_CHECKPOINT_MAX];
    const struct sky_checkpoint checkpoint = checkpoint_of(1000);
    const size_t used = sky_checkpoint_sign(&checkpoint, &log_signer, note);
    assert_string_equal(note, "skywitness.example/sbc-0001\n"
                              "1000\n"
                              "L/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKE=\n"
                              "\n"
                              "\xE2\x80\x94 skywitness.example/sbc-0001 "
                              "yA3O1HUGc9PGZkpsQzbwk9yc2hwAGhNzcKin/CjIGBo0bfNAQCcxiEk44lBEA5Ibp"
                              "xe16CtvAdUQd6RsJlOAPa7o5AY=\n");
    assert_int_equal(used, strlen(note));
}

static void keys_are_read_back_and_any_other_text_is_refused(void **state)
{
    (void)state;
    char text[SKY_NOTE_KEY_TEXT_MAX];
    const struct sky_note_signer *const made[] = {&log_signer, &witness_signer};
    for (size_t i = 0; i < 2; i++) {
        struct sky_note_key key;
        struct sky_note_signer signer;
        sky_note_key_text(&made[i]->key, text);
        const size_t count = strlen(text);
        assert_int_equal(sky_note_read_key(text, count, &key), SKY_OK);
        assert_memory_equal(&key, &made[i]->key, sizeof key);
        for (size_t at = 0; at < count; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                text[at] = (char)(text[at] ^ (1 << bit));
                assert_int_equal(sky_note_read_key(text, count, &key), SKY_E_CORRUPT);
                text[at] = (char)(text[at] ^ (1 << bit));
            }
            assert_int_equal(sky_note_read_key(text, at, &key), SKY_E_CORRUPT);
        }
        assert_int_equal(sky_note_read_signer(text, count, &signer), SKY_E_CORRUPT);
        sky_note_signer_text(made[i], text);
        assert_int_equal(sky_note_read_signer(text, strlen(text), &signer), SKY_OK);
        assert_memory_equal(&signer, made[i], sizeof signer);
        assert_int_equal(sky_note_read_key(text, strlen(text), &key), SKY_E_CORRUPT);
        text[strlen(text) - 3] = text[strlen(text) - 3] == 'A' ? 'B' : 'A'; /* another seed */
        assert_int_equal(sky_note_read_signer(text, strlen(text), &signer), SKY_E_CORRUPT);
    }
}

static void a_name_has_no_space_and_no_plus(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "a b", "a+b",   "a\xC2\xA0z", "a\xE3\x80\x80z",
                                      "\xFF", "a\n", "a\x01", "a\xC2\x85",  "a\xE2\x80\xA8"};
    uint8_t seed[SKY_ED25519_BYTES] = {0};
    struct sky_note_signer signer;
    char longest[SKY_NOTE_NAME_MAX + 1];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(sky_note_name_valid(bad[i]));
    }
    assert_int_equal(sky_note_make_signer("a b", SKY_NOTE_ED25519, seed, &signer), SKY_E_RANGE);
    assert_true(sky_note_name_valid("\xC3\xA9tat.example/\xE6\xBC\xA2"));
    memset(longest, 'n', sizeof longest);
    longest[SKY_NOTE_NAME_MAX] = '\0';
    assert_false(sky_note_name_valid(longest));
    longest[SKY_NOTE_NAME_MAX - 1] = '\0';
    assert_true(sky_note_name_valid(longest));
}

static void a_note_is_signed_by_whom_it_says(void **state)
{
    (void)state;
    static struct sky_note note;
    char text[1024];
    const char *reason;
    uint64_t time_s = 0;
    const size_t count = make_note(text);
    assert_int_equal(sky_note_parse(text, count, &note, &reason), SKY_OK);
    assert_int_equal(note.count, 2);
    assert_int_equal(sky_note_check(&note, &log_signer.key, NULL), SKY_NOTE_SIGNED);
    assert_int_equal(time_s, 0);
    assert_int_equal(sky_note_check(&note, &witness_signer.key, &time_s), SKY_NOTE_SIGNED);
    assert_int_equal(time_s, 1758000002);
    assert_int_equal(sky_note_check(&note, &stranger.key, NULL), SKY_NOTE_UNSIGNED);
    struct sky_note_key pretender = stranger.key;
    memcpy(pretender.id, log_signer.key.id, sizeof pretender.id);
    assert_int_equal(sky_note_check(&note, &pretender, NULL), SKY_NOTE_FORGED);
}

static void a_cosignature_is_not_taken_for_a_signature(void **state)
{
    (void)state;
    static struct sky_note note;
    char text[1024];
    const char *reason;
    const size_t count = make_note(text);
    assert_int_equal(sky_note_parse(text, count, &note, &reason), SKY_OK);
    struct sky_note_key wrong = witness_signer.key;
    wrong.algorithm = SKY_NOTE_ED25519;
    assert_int_equal(sky_note_check(&note, &wrong, NULL), SKY_NOTE_FORGED);
    wrong = log_signer.key;
    wrong.algorithm = SKY_NOTE_COSIGNATURE;
    assert_int_equal(sky_note_check(&note, &wrong, NULL), SKY_NOTE_FORGED);
}

/* Flipped, a note is no note, or says something that was not signed. */
static void every_flipped_bit_of_a_signed_checkpoint_is_noticed(void **state)
{
    (void)state;
    static struct sky_note note;
    char text[1024];
    const size_t count = make_note(text);
    for (size_t i = 0; i < 8 * count; i++) {
        struct sky_checkpoint checkpoint;
        const char *reason;
        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
        if (sky_note_parse(text, count, &note, &reason) == SKY_OK &&
            sky_checkpoint_read(note.text, note.text_bytes, &checkpoint, &reason) == SKY_OK &&
            sky_note_check(&note, &log_signer.key, NULL) == SKY_NOTE_SIGNED &&
            sky_note_check(&note, &witness_signer.key, NULL) == SKY_NOTE_SIGNED) {
            fail_msg("bit %zu", i);
        }
        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
    }
}

static void what_is_not_a_note_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "text\n",
        "text\n\n",
        "text\n\n- n AAAAAAA=\n",
        "text\n\n\xE2\x80\x94 n AAAAAAA=",
        "text\n\n\xE2\x80\x94 n AAAAAAA=\nmore\n",
        "text\n\n\xE2\x80\x94 n AAAA\n",
        "text\n\n\xE2\x80\x94 n AAAAAA=\n",
        "text\n\n\xE2\x80\x94 n  AAAAAAA=\n",
        "text\n\n\xE2\x80\x94 n AAAAAAB=\n",
        "text\n\n\xE2\x80\x94  AAAAAAA=\n",
        "text\n\n\xE2\x80\x94 a+b AAAAAAA=\n",
        "text\r\n\n\xE2\x80\x94 n AAAAAAA=\n",
        "te\xC0\xAFxt\n\n\xE2\x80\x94 n AAAAAAA=\n",
        "te\xED\xA0\x80xt\n\n\xE2\x80\x94 n AAAAAAA=\n",
        "te\xF4\x90\x80\x80xt\n\n\xE2\x80\x94 n AAAAAAA=\n",
        "te\xC3\n\n\xE2\x80\x94 n AAAAAAA=\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused(bad[i], strlen(bad[i]));
    }
    static struct sky_note note;
    static const char good[] = "a\n\nb\xF0\x9F\x9B\xB0\n\n\xE2\x80\x94 n AAAAAAA=\n";
    const char *reason;
    assert_int_equal(sky_note_parse(good, sizeof good - 1, &note, &reason), SKY_OK);
    assert_int_equal(note.text_bytes, 9); /* up to the last empty line */
}

static void as_many_signatures_as_may_be_are_taken_and_no_more(void **state)
{
    (void)state;
    static struct sky_note note;
    static const char line[] = "\xE2\x80\x94 other AAAAAAA=\n";
    static char text[4096];
    const char *reason;
    size_t used = (size_t)snprintf(text, sizeof text, "text\n\n");
    for (unsigned i = 0; i < SKY_NOTE_SIGNATURES_MAX; i++) {
        memcpy(text + used, line, sizeof line);
        used += sizeof line - 1;
    }
    assert_int_equal(sky_note_parse(text, used, &note, &reason), SKY_OK);
    assert_int_equal(note.count, SKY_NOTE_SIGNATURES_MAX);
    memcpy(text + used, line, sizeof line);
    assert_refused(text, used + sizeof line - 1);
}

static void a_signature_of_another_kind_is_passed_over(void **state)
{
    (void)state;
    static struct sky_note note;
    static char text[8192];
    uint8_t large[2420 + 4] = {1, 2, 3, 4};
    const char *reason;
    const size_t count = make_note(text);
    size_t used = count + (size_t)snprintf(text + count, 64, "\xE2\x80\x94 other ");
    used += sky_base64(large, sizeof large, text + used);
    text[used++] = '\n';
    assert_int_equal(sky_note_parse(text, used, &note, &reason), SKY_OK);
    assert_int_equal(note.count, 3);
    assert_int_equal(sky_note_check(&note, &log_signer.key, NULL), SKY_NOTE_SIGNED);
    struct sky_note_key other = {
        .name = "other", .algorithm = SKY_NOTE_ED25519, .id = {1, 2, 3, 4}};
    assert_int_equal(sky_note_check(&note, &other, NULL), SKY_NOTE_FORGED);
}

static void a_checkpoint_is_three_lines_and_nothing_else(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "o\n1\n",
        "o\n1\nL/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKE=",
        "\n1\nL/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKE=\n",
        "o o\n1\nL/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKE=\n",
        "o\n01\nL/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKE=\n",
        "o\n\nL/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKE=\n",
        "o\n-1\nL/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKE=\n",
        "o\n9223372036854775808\nL/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKE=\n",
        "o\n18446744073709551616\nL/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKE=\n",
        "o\n1\nL/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYA==\n",
        "o\n1\nL/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKF=\n",
        "o\n1\nL/M/udjxT4nKMGKJYzM2oWj/P0Uy6PdBoAGdy0wdYKE=\nmore\n",
    };
    struct sky_checkpoint checkpoint;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *reason = NULL;
        assert_int_equal(sky_checkpoint_read(bad[i], strlen(bad[i]), &checkpoint, &reason),
                         SKY_E_CORRUPT);
        assert_non_null(reason);
    }
    char text[SKY_CHECKPOINT_TEXT_MAX];
    const char *reason;
    const struct sky_checkpoint made = checkpoint_of(INT64_MAX);
    const size_t count = sky_checkpoint_text(&made, text);
    assert_int_equal(sky_checkpoint_read(text, count, &checkpoint, &reason), SKY_OK);
    assert_memory_equal(&checkpoint, &made, sizeof made);
}

static void base64_has_one_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *text;
    } known[] = {{"", ""},
                 {"f", "Zg=="},
                 {"fo", "Zm8="},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="},
                 {"fooba", "Zm9vYmE="},
                 {"foobar", "Zm9vYmFy"}};
    static const char *const bad[] = {"Zg",       "Zg=",  "Zh==", "Zm9=",   "Z===", "====",
                                      "Zg==Zg==", "Zm 8", "Zm-8", "Zm8=\n", "=m8=", "Zm=8"};
    char text[16];
    uint8_t bytes[16];
    size_t count;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const size_t plain = strlen(known[i].plain);
        assert_int_equal(sky_base64(known[i].plain, plain, text), strlen(known[i].text));
        assert_string_equal(text, known[i].text);
        assert_true(sky_base64_read(text, strlen(text), bytes, plain, &count));
        assert_int_equal(count, plain);
        assert_memory_equal(bytes, known[i].plain, plain);
        assert_true(plain == 0 || !sky_base64_read(text, strlen(text), bytes, plain - 1, &count));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(sky_base64_read(bad[i], strlen(bad[i]), bytes, sizeof bytes, &count));
    }
}

static void a_forgotten_key_is_gone(void **state)
{
    (void)state;
    static const uint8_t nothing[sizeof(struct sky_note_signer)];
    struct sky_note_signer signer = log_signer;
    sky_note_forget(&signer);
    assert_memory_equal(&signer, nothing, sizeof signer);
}

static void nothing_longer_than_a_checkpoint_is_cosigned(void **state)
{
    (void)state;
    static char text[SKY_CHECKPOINT_TEXT_MAX + 2];
    char line[SKY_NOTE_LINE_MAX];
    memset(text, 'x', sizeof text);
    assert_false(sky_note_sign(&witness_signer, text, sizeof text, 1, line));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_written_as_its_known_text),
        cmocka_unit_test(a_checkpoint_is_signed_as_its_known_text),
        cmocka_unit_test(keys_are_read_back_and_any_other_text_is_refused),
        cmocka_unit_test(a_name_has_no_space_and_no_plus),
        cmocka_unit_test(a_note_is_signed_by_whom_it_says),
        cmocka_unit_test(a_cosignature_is_not_taken_for_a_signature),
        cmocka_unit_test(every_flipped_bit_of_a_signed_checkpoint_is_noticed),
        cmocka_unit_test(what_is_not_a_note_is_refused),
        cmocka_unit_test(as_many_signatures_as_may_be_are_taken_and_no_more),
        cmocka_unit_test(a_signature_of_another_kind_is_passed_over),
        cmocka_unit_test(a_checkpoint_is_three_lines_and_nothing_else),
        cmocka_unit_test(base64_has_one_spelling),
        cmocka_unit_test(a_forgotten_key_is_gone),
        cmocka_unit_test(nothing_longer_than_a_checkpoint_is_cosigned),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
