#include "skyh_witness.h"

#include <stdlib.h>
#include <string.h>

#include "sky_test.h"
#include "skyh_policy.h"
#include "skyh_tree.h"

static struct sky_note_signer log_signer, a, b, c;
static struct skyh_tree tree;
static struct skyh_problem problem;

static struct sky_note_signer make_signer(const char *name, enum sky_note_algorithm algorithm,
                                          int fill)
{
    struct sky_note_signer signer;
    uint8_t seed[SKY_ED25519_BYTES];
    memset(seed, fill, sizeof seed);
    assert_int_equal(sky_note_make_signer(name, algorithm, seed, &signer), SKY_OK);
    return signer;
}

static int make_keys(void **state)
{
    (void)state;
    log_signer = make_signer("station.example/1", SKY_NOTE_ED25519, 1);
    a = make_signer("a.example/w", SKY_NOTE_COSIGNATURE, 2);
    b = make_signer("b.example/w", SKY_NOTE_COSIGNATURE, 3);
    c = make_signer("c.example/w", SKY_NOTE_COSIGNATURE, 4);
    static const struct sky_merkle empty;
    bool good = skyh_tree_begin(&tree, &empty);
    for (uint8_t i = 0; i < 100; i++) {
        const struct sky_hash leaf = sky_merkle_leaf(&(const struct sky_part){&i, 1}, 1);
        good = good && skyh_tree_append(&tree, &leaf);
    }
    return good ? 0 : -1;
}

static int free_tree(void **state)
{
    (void)state;
    skyh_tree_free(&tree);
    return 0;
}

static struct sky_checkpoint checkpoint_at(uint64_t size)
{
    struct sky_checkpoint checkpoint = {.size = size};
    memcpy(checkpoint.origin, log_signer.key.name, sizeof checkpoint.origin);
    assert_true(sky_merkle_root_at(&tree.source, size, &checkpoint.root));
    return checkpoint;
}

/* ---- requests ---- */

static size_t make_request(uint64_t old, uint64_t size, const struct sky_note_signer *signer,
                           char ret_text[SKYH_REQUEST_MAX])
{
    static struct sky_merkle_proof proof;
    char note[SKY_NOTE_CHECKPOINT_MAX];
    const struct sky_checkpoint checkpoint = checkpoint_at(size);
    assert_true(sky_merkle_prove_growth(&tree.source, old, size, &proof));
    assert_true(sky_checkpoint_sign(&checkpoint, signer, note) > 0);
    return skyh_request_write(old, &proof, note, ret_text);
}

static enum skyh_answer judge(const char *text, size_t count, const struct skyh_seen *seen)
{
    static struct skyh_request request;
    assert_true(skyh_request_read("r", text, count, &request, &problem));
    const enum skyh_answer answer = skyh_request_judge(&request, &log_signer.key, seen);
    skyh_notefile_free(&request.note);
    return answer;
}

static void a_witness_follows_a_log_that_grows(void **state)
{
    (void)state;
    static char text[SKYH_REQUEST_MAX];
    struct skyh_seen seen = {.size = 0};
    static const uint64_t sizes[] = {1, 1, 7, 8, 64, 99, 100};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t count = make_request(seen.size, sizes[i], &log_signer, text);
        assert_int_equal(judge(text, count, &seen), SKYH_ANSWER_COSIGN);
        seen = (struct skyh_seen){.size = sizes[i], .root = checkpoint_at(sizes[i]).root};
    }
}

static void a_witness_refuses_what_did_not_grow_from_what_it_saw(void **state)
{
    (void)state;
    static char text[SKYH_REQUEST_MAX];
    struct skyh_seen seen = {.size = 40, .root = checkpoint_at(40).root};
    size_t count = make_request(40, 90, &log_signer, text);
    assert_int_equal(judge(text, count, &seen), SKYH_ANSWER_COSIGN);
    seen.root.bytes[7] ^= 1; /* it saw another log */
    assert_int_equal(judge(text, count, &seen), SKYH_ANSWER_FORK);
    seen.size = 41;
    assert_int_equal(judge(text, count, &seen), SKYH_ANSWER_CONFLICT);
    count = make_request(40, 90, &a, text);
    seen = (struct skyh_seen){.size = 40, .root = checkpoint_at(40).root};
    assert_int_equal(judge(text, count, &seen), SKYH_ANSWER_UNSIGNED);
    /* Two trees of one size: the empty proof does not help. */
    count = make_request(40, 40, &log_signer, text);
    assert_int_equal(judge(text, count, &seen), SKYH_ANSWER_COSIGN);
    seen.root.bytes[0] ^= 1;
    assert_int_equal(judge(text, count, &seen), SKYH_ANSWER_FORK);
}

static void every_flipped_bit_of_a_request_is_refused(void **state)
{
    (void)state;
    static char text[SKYH_REQUEST_MAX];
    static struct skyh_request request;
    const struct skyh_seen seen = {.size = 37, .root = checkpoint_at(37).root};
    const size_t count = make_request(37, 90, &log_signer, text);
    for (size_t i = 0; i < 8 * count; i += 3) {
        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
        if (skyh_request_read("r", text, count, &request, &problem) &&
            skyh_request_judge(&request, &log_signer.key, &seen) == SKYH_ANSWER_COSIGN) {
            fail_msg("bit %zu of byte %zu", i % 8, i / 8);
        }
        skyh_notefile_free(&request.note);
        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
    }
}

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    static struct skyh_request request;
    static const char *const bad[] = {"",
                                      "old 1",
                                      "old\n\n",
                                      "old 01\n\n",
                                      "new 1\n\nx\n",
                                      "old 1\nAAAA\n\n",
                                      "old 1\n\nnot a checkpoint\n",
                                      "old 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(skyh_request_read("r", bad[i], strlen(bad[i]), &request, &problem));
        assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
        skyh_notefile_free(&request.note);
    }
}

static void a_tree_that_begins_in_the_middle_proves_what_comes_later(void **state)
{
    (void)state;
    static struct skyh_tree late;
    static struct sky_merkle before;
    static struct sky_merkle_proof proof;
    for (uint64_t from = 1; from < 40; from++) {
        memset(&before, 0, sizeof before);
        for (uint8_t i = 0; i < from; i++) {
            const struct sky_hash leaf = sky_merkle_leaf(&(const struct sky_part){&i, 1}, 1);
            sky_merkle_append(&before, &leaf);
        }
        assert_true(skyh_tree_begin(&late, &before));
        for (uint8_t i = (uint8_t)from; i < 100; i++) {
            const struct sky_hash leaf = sky_merkle_leaf(&(const struct sky_part){&i, 1}, 1);
            assert_true(skyh_tree_append(&late, &leaf));
        }
        const struct sky_checkpoint old = checkpoint_at(from), now = checkpoint_at(100);
        assert_true(sky_merkle_prove_growth(&late.source, from, 100, &proof));
        assert_true(sky_merkle_check_growth(&proof, from, &old.root, 100, &now.root));
        const uint8_t last = 99;
        const struct sky_hash leaf = sky_merkle_leaf(&(const struct sky_part){&last, 1}, 1);
        assert_true(sky_merkle_prove_leaf(&late.source, 99, 100, &proof));
        assert_true(sky_merkle_check_leaf(&proof, &leaf, 99, 100, &now.root));
        skyh_tree_free(&late);
    }
}

/* ---- policies ---- */

static const char *key_of(const struct sky_note_signer *signer)
{
    static char text[4][SKY_NOTE_KEY_TEXT_MAX];
    static unsigned next;
    char *const here = text[next++ % 4];
    sky_note_key_text(&signer->key, here);
    return here;
}

static bool parse(struct skyh_policy *policy, const char *rest)
{
    static char text[4096];
    (void)snprintf(text, sizeof text,
                   "# both states, and one that is neither\nlog %s\n\nwitness a %s https://x\n"
                   "witness b %s\nwitness c %s\n%s",
                   key_of(&log_signer), key_of(&a), key_of(&b), key_of(&c), rest);
    return skyh_policy_parse("p", text, policy, &problem);
}

/* A checkpoint cosigned by some of the three: bit i for the i-th. */
static bool satisfies(const struct skyh_policy *policy, unsigned by)
{
    static char text[2048];
    static struct skyh_notefile file;
    const struct sky_note_signer *const signer[] = {&a, &b, &c};
    const struct sky_checkpoint checkpoint = checkpoint_at(50);
    char plain[SKY_CHECKPOINT_TEXT_MAX];
    const size_t plain_bytes = sky_checkpoint_text(&checkpoint, plain);
    assert_true(sky_checkpoint_sign(&checkpoint, &log_signer, text) > 0);
    for (unsigned i = 0; i < 3; i++) {
        char line[SKY_NOTE_LINE_MAX];
        if ((by >> i & 1) != 0) {
            assert_true(sky_note_sign(signer[i], plain, plain_bytes, 1000, line));
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s", line);
        }
    }
    assert_true(skyh_notefile_parse("n", text, strlen(text), &file, &problem));
    const bool good = skyh_policy_satisfied(policy, &file.note);
    skyh_notefile_free(&file);
    return good;
}

static void a_quorum_is_who_the_policy_says(void **state)
{
    (void)state;
    static struct skyh_policy policy;
    static const struct {
        const char *rest;
        unsigned enough; /* bit s: the set of signers s is */
    } known[] = {
        {"quorum none\n", 0xFF},
        {"quorum b\n", 0xCC},
        {"group g all a b c\nquorum g\n", 0x80},
        {"group g any a b\nquorum g", 0xEE},
        {"group g 2 a b c\nquorum g\n", 0xE8},
        {"group s all a b\ngroup g any s c\nquorum g\n", 0xF8},
        {"group s any a b\ngroup g all s c\nquorum g\r\n", 0xE0},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!parse(&policy, known[i].rest)) {
            fail_msg("%s", problem.text);
        }
        for (unsigned by = 0; by < 8; by++) {
            assert_int_equal(satisfies(&policy, by), known[i].enough >> by & 1);
        }
        assert_non_null(skyh_policy_log(&policy, log_signer.key.name));
        assert_null(skyh_policy_log(&policy, "other"));
    }
}

static void what_is_no_policy_is_refused_with_its_line(void **state)
{
    (void)state;
    static struct skyh_policy policy;
    static const char *const bad[] = {
        "", /* no quorum */
        "quorum nobody\n",
        "quorum a\nquorum b\n",
        "quorum\n",
        "witness a key\nquorum a\n",
        "witness d key\nquorum a\n",
        "witness none key\nquorum a\n",
        "log key\nquorum a\n",
        "group g 0 a\nquorum g\n",
        "group g 3 a b\nquorum g\n",
        "group g two a b\nquorum g\n",
        "group g all\nquorum g\n",
        "group g all a a\nquorum g\n",
        "group g all g\nquorum g\n",
        "group a all b\nquorum a\n",
        "friend a\nquorum a\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (parse(&policy, bad[i])) {
            fail_msg("taken for a policy: %s", bad[i]);
        }
        assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
        assert_non_null(strstr(problem.text, i == 0 ? "p: " : "p:7: ") != NULL
                            ? problem.text
                            : strstr(problem.text, "p:8: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_witness_follows_a_log_that_grows),
        cmocka_unit_test(a_witness_refuses_what_did_not_grow_from_what_it_saw),
        cmocka_unit_test(every_flipped_bit_of_a_request_is_refused),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(a_tree_that_begins_in_the_middle_proves_what_comes_later),
        cmocka_unit_test(a_quorum_is_who_the_policy_says),
        cmocka_unit_test(what_is_no_policy_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, make_keys, free_tree);
}
