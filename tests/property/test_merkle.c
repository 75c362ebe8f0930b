#include "sky_merkle.h"

#include <string.h>

#include "sky_sha_lanes.h"
#include "sky_test.h"

enum { LEAVES_MAX = 70 };

static struct sky_hash leaf[LEAVES_MAX];

/* The tree as its definition has it: divide at the largest power of two below n, and recurse. */
static struct sky_hash naive(uint64_t first, uint64_t count)
{
    if (count == 0) {
        return sky_sha(NULL, 0);
    }
    if (count == 1) {
        return leaf[first];
    }
    uint64_t left = 1;
    while (2 * left < count) {
        left *= 2;
    }
    const struct sky_hash a = naive(first, left);
    const struct sky_hash b = naive(first + left, count - left);
    return sky_merkle_node(&a, &b);
}

/* A reader that keeps nothing but leaves, and minds that nobody asks beyond the tree. */
struct leaves {
    struct sky_merkle_source source;
    uint64_t size;
    uint64_t fail_after; /* calls */
};

static bool node_of_leaves(const struct sky_merkle_source *source, unsigned level, uint64_t index,
                           struct sky_hash *ret_hash)
{
    const struct leaves *const leaves = (const struct leaves *)source;
    static uint64_t calls;
    assert_true((index + 1) << level <= leaves->size);
    calls = leaves->fail_after == UINT64_MAX ? 0 : calls + 1;
    if (leaves->fail_after != UINT64_MAX && calls > leaves->fail_after) {
        calls = 0;
        return false;
    }
    *ret_hash = naive(index << level, UINT64_C(1) << level);
    return true;
}

static struct leaves reader_of(uint64_t size)
{
    return (struct leaves){
        .source = {.node = node_of_leaves}, .size = size, .fail_after = UINT64_MAX};
}

static int make_leaves(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < LEAVES_MAX; i++) {
        leaf[i] = sky_merkle_leaf(&(const struct sky_part){&i, 1}, 1);
    }
    return 0;
}

/* Every size before and after, so every way in which leaves find their partners. */
static void growing_by_many_is_growing_one_by_one(void **state)
{
    (void)state;
    static struct sky_merkle_batch batch;
    for (uint64_t before = 0; before < LEAVES_MAX; before++) {
        for (uint64_t after = before; after <= LEAVES_MAX; after++) {
            static struct sky_merkle single, many;
            memset(&single, 0, sizeof single);
            for (uint64_t i = 0; i < before; i++) {
                sky_merkle_append(&single, &leaf[i]);
            }
            many = single;
            for (uint64_t i = before; i < after; i++) {
                sky_merkle_append(&single, &leaf[i]);
                batch.hash[1 + i - before] = leaf[i];
            }
            sky_merkle_append_many(&many, &batch, (size_t)(after - before));
            assert_int_equal(many.size, after);
            assert_memory_equal(many.frontier, single.frontier,
                                sky_merkle_frontier_count(after) * sizeof many.frontier[0]);
        }
    }
}

/* Heads and bodies of all lengths around a block's, more jobs than lanes, of mixed sizes. */
static void hashing_many_is_hashing_each(void **state)
{
    (void)state;
    enum { JOBS = 200 };
    static struct sky_sha_job job[JOBS];
    static struct sky_hash hash[JOBS];
    static uint8_t body[JOBS * 3];
    void (*const way[])(const struct sky_sha_job *, size_t) = {
        sky_sha_many, sky_sha_many_in_turn, sky_sha_lanes_can() ? sky_sha_many_in_lanes : NULL,
        sky_sha_lanes_can_rotate() ? sky_sha_many_in_rotating_lanes : NULL};
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t w = 0; w < 4 && way[w] != NULL; w++) {
        for (uint32_t head = 0; head <= SKY_SHA_HEAD_MAX; head++) {
            for (size_t i = 0; i < JOBS; i++) {
                job[i] = (struct sky_sha_job){.head_count = head,
                                              .body = body + i,
                                              .body_count = (i * 37 + head) % (2 * JOBS),
                                              .ret_hash = &hash[i]};
                memset(job[i].head, (int)i, head);
            }
            way[w](job, JOBS - head);
            for (size_t i = 0; i < JOBS - head; i++) {
                const struct sky_part part[] = {{job[i].head, head},
                                                {job[i].body, job[i].body_count}};
                const struct sky_hash wanted = sky_sha(part, 2);
                assert_memory_equal(hash[i].bytes, wanted.bytes, sizeof wanted.bytes);
            }
        }
    }
}

static void growing_gives_the_roots_of_the_definition(void **state)
{
    (void)state;
    struct sky_merkle tree = {.size = 0};
    for (uint64_t size = 0;; size++) {
        const struct sky_hash grown = sky_merkle_root(&tree);
        const struct sky_hash wanted = naive(0, size);
        const struct leaves reader = reader_of(size);
        struct sky_hash read;
        assert_true(sky_hash_equal(&grown, &wanted));
        assert_true(sky_merkle_root_at(&reader.source, size, &read));
        assert_true(sky_hash_equal(&read, &wanted));
        assert_int_equal(tree.size, size);
        if (size == LEAVES_MAX) {
            return;
        }
        sky_merkle_append(&tree, &leaf[size]);
    }
}

static void every_leaf_of_every_tree_is_proved_and_no_other_place_of_it(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES_MAX; size++) {
        const struct leaves reader = reader_of(size);
        const struct sky_hash root = naive(0, size);
        for (uint64_t index = 0; index < size; index++) {
            struct sky_merkle_proof proof;
            assert_true(sky_merkle_prove_leaf(&reader.source, index, size, &proof));
            for (uint64_t other = 0; other < size; other++) {
                assert_int_equal(sky_merkle_check_leaf(&proof, &leaf[index], other, size, &root),
                                 other == index);
            }
            if (index > 0) {
                assert_false(sky_merkle_check_leaf(&proof, &leaf[index - 1], index, size, &root));
            }
        }
    }
}

static void every_tree_is_proved_to_begin_every_later_one(void **state)
{
    (void)state;
    for (uint64_t size = 0; size <= LEAVES_MAX; size++) {
        const struct leaves reader = reader_of(size);
        const struct sky_hash root = naive(0, size);
        for (uint64_t old = 0; old <= size; old++) {
            struct sky_merkle_proof proof;
            const struct sky_hash old_root = naive(0, old);
            assert_true(sky_merkle_prove_growth(&reader.source, old, size, &proof));
            assert_true(sky_merkle_check_growth(&proof, old, &old_root, size, &root));
            if (old > 0 && old < size) {
                assert_false(sky_merkle_check_growth(&proof, old, &root, size, &root));
                assert_false(sky_merkle_check_growth(&proof, old, &old_root, size, &old_root));
                assert_false(sky_merkle_check_growth(&proof, old + 1, &old_root, size, &root));
            }
        }
    }
}

static void every_flipped_bit_and_every_wrong_length_of_a_proof_fails(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {2, 3, 7, 8, 13, 64, LEAVES_MAX};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const uint64_t size = sizes[s];
        const struct leaves reader = reader_of(size);
        const struct sky_hash root = naive(0, size);
        for (uint64_t k = 1; k < size; k += 1 + size / 7) {
            static struct sky_merkle_proof in, grown;
            const struct sky_hash old_root = naive(0, k);
            assert_true(sky_merkle_prove_leaf(&reader.source, k, size, &in));
            assert_true(sky_merkle_prove_growth(&reader.source, k, size, &grown));
            for (unsigned i = 0; i < 256 * in.count; i++) {
                in.hash[i / 256].bytes[i / 8 % 32] ^= (uint8_t)(1U << i % 8);
                assert_false(sky_merkle_check_leaf(&in, &leaf[k], k, size, &root));
                in.hash[i / 256].bytes[i / 8 % 32] ^= (uint8_t)(1U << i % 8);
            }
            for (unsigned i = 0; i < 256 * grown.count; i++) {
                grown.hash[i / 256].bytes[i / 8 % 32] ^= (uint8_t)(1U << i % 8);
                assert_false(sky_merkle_check_growth(&grown, k, &old_root, size, &root));
                grown.hash[i / 256].bytes[i / 8 % 32] ^= (uint8_t)(1U << i % 8);
            }
            in.count++;
            grown.count++;
            assert_false(sky_merkle_check_leaf(&in, &leaf[k], k, size, &root));
            assert_false(sky_merkle_check_growth(&grown, k, &old_root, size, &root));
            in.count -= 2;
            grown.count -= 2;
            assert_false(sky_merkle_check_leaf(&in, &leaf[k], k, size, &root));
            assert_false(sky_merkle_check_growth(&grown, k, &old_root, size, &root));
        }
    }
}

static void what_cannot_be_is_neither_proved_nor_taken(void **state)
{
    (void)state;
    const struct leaves reader = reader_of(9);
    const struct sky_hash root = naive(0, 9);
    const struct sky_hash empty = naive(0, 0);
    struct sky_merkle_proof proof = {.count = 0};
    assert_false(sky_merkle_prove_leaf(&reader.source, 9, 9, &proof));
    assert_false(sky_merkle_prove_growth(&reader.source, 10, 9, &proof));
    assert_false(sky_merkle_check_leaf(&proof, &leaf[0], 9, 9, &root));
    assert_false(sky_merkle_check_leaf(&proof, &leaf[0], 0, 0, &leaf[0]));
    assert_false(sky_merkle_check_growth(&proof, 10, &root, 9, &root));
    assert_false(sky_merkle_check_growth(&proof, 0, &root, 9, &root));
    assert_true(sky_merkle_check_growth(&proof, 0, &empty, 9, &root));
    proof.count = SKY_MERKLE_PROOF_MAX + 1;
    assert_false(sky_merkle_check_leaf(&proof, &leaf[0], 0, 9, &root));
    assert_false(sky_merkle_check_growth(&proof, 3, &root, 9, &root));
    proof.count = 1;
    assert_false(sky_merkle_check_growth(&proof, 0, &empty, 9, &root));
    assert_false(sky_merkle_check_growth(&proof, 9, &root, 9, &root));
}

static void a_proof_whose_source_fails_is_no_proof(void **state)
{
    (void)state;
    for (uint64_t after = 0; after < 3; after++) {
        struct leaves reader = reader_of(11);
        struct sky_merkle_proof proof = {.count = 77};
        struct sky_hash root;
        reader.fail_after = after;
        assert_false(sky_merkle_prove_leaf(&reader.source, 5, 11, &proof));
        assert_false(sky_merkle_prove_growth(&reader.source, 6, 11, &proof));
        assert_int_equal(proof.count, 77);
        assert_false(after < 2 && sky_merkle_root_at(&reader.source, 11, &root));
    }
}

static void hex(const struct sky_hash *hash, char ret_text[65])
{
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(ret_text + 2 * i, 3, "%02x", hash->bytes[i]);
    }
}

/* Leaf i is the byte i; computed apart from this code. */
static void the_roots_are_the_known_ones(void **state)
{
    (void)state;
    static const struct {
        uint64_t size;
        const char *root;
    } known[] = {
        {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {1, "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"},
        {2, "a20bf9a7cc2dc8a08f5f415a71b19f6ac427bab54d24eec868b5d3103449953a"},
        {3, "3b6cccd7e3e023ff393006f030315ee7ad9eb111b022b41fba7e5b7a3973f688"},
        {7, "3560191803028444b232018ac047fdb561c09c23a7a6876c85e08b5e4d48e9f3"},
        {8, "ef7f49b620f6c7ea9b963a214da34b5021c6ded8ed57734380a311ab726aa907"},
        {64, "4433a69f32158463382405ec957c31b8bc89a1f08964b920f6cf53dc13098cb3"},
        {70, "353edce931ebf5791739a588c15a724846776a98366aab1e8baa428f9135c26a"},

    };
    struct sky_merkle tree = {.size = 0};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[65];
        while (tree.size < known[i].size) {
            sky_merkle_append(&tree, &leaf[tree.size]);
        }
        const struct sky_hash root = sky_merkle_root(&tree);
        hex(&root, text);
        assert_string_equal(text, known[i].root);
    }
}

static void a_leaf_of_parts_is_the_leaf_of_the_whole(void **state)
{
    (void)state;
    const struct sky_part part[] = {{"one ", 4}, {NULL, 0}, {"two", 3}};
    const struct sky_hash a = sky_merkle_leaf(part, 3);
    const struct sky_hash b = sky_merkle_leaf(&(const struct sky_part){"one two", 7}, 1);
    assert_true(sky_hash_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_roots_are_the_known_ones),
        cmocka_unit_test(a_leaf_of_parts_is_the_leaf_of_the_whole),
        cmocka_unit_test(growing_gives_the_roots_of_the_definition),
        cmocka_unit_test(growing_by_many_is_growing_one_by_one),
        cmocka_unit_test(hashing_many_is_hashing_each),
        cmocka_unit_test(every_leaf_of_every_tree_is_proved_and_no_other_place_of_it),
        cmocka_unit_test(every_tree_is_proved_to_begin_every_later_one),
        cmocka_unit_test(every_flipped_bit_and_every_wrong_length_of_a_proof_fails),
        cmocka_unit_test(what_cannot_be_is_neither_proved_nor_taken),
        cmocka_unit_test(a_proof_whose_source_fails_is_no_proof),
    };
    return cmocka_run_group_tests(tests, make_leaves, NULL);
}
