#include "sky_stretch.h"

#include <string.h>

#include "sky_test.h"

enum { LEAVES_MAX = 67 };

static struct sky_hash leaf[LEAVES_MAX];
static struct sky_merkle tree[LEAVES_MAX + 1]; /* of so many leaves */

static int make_leaves(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < LEAVES_MAX; i++) {
        leaf[i] = sky_merkle_leaf(&(const struct sky_part){&i, 1}, 1);
        tree[i + 1] = tree[i];
        sky_merkle_append(&tree[i + 1], &leaf[i]);
    }
    return 0;
}

static void make(struct sky_stretch *stretch, uint64_t first, uint64_t end)
{
    sky_stretch_begin(stretch, first);
    for (uint64_t i = first; i < end; i++) {
        sky_stretch_append(stretch, &leaf[i]);
    }
}

static void assert_same(const struct sky_stretch *a, const struct sky_stretch *b)
{
    assert_int_equal(a->first, b->first);
    assert_int_equal(a->end, b->end);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->hash, b->hash, a->count * sizeof a->hash[0]);
}

/* The root over a perfect subtree, as its definition has it. */
static struct sky_hash root_of(uint64_t first, uint64_t count)
{
    if (count == 1) {
        return leaf[first];
    }
    const struct sky_hash a = root_of(first, count / 2);
    const struct sky_hash b = root_of(first + count / 2, count / 2);
    return sky_merkle_node(&a, &b);
}

static void a_stretch_is_the_largest_subtrees_from_the_left(void **state)
{
    (void)state;
    static struct sky_stretch stretch;
    for (uint64_t first = 0; first < LEAVES_MAX; first++) {
        for (uint64_t end = first; end <= LEAVES_MAX; end++) {
            unsigned i = 0;
            make(&stretch, first, end);
            for (uint64_t at = first, width; at < end; at += width, i++) {
                width = 1;
                while (at % (2 * width) == 0 && at + 2 * width <= end) {
                    width *= 2;
                }
                const struct sky_hash root = root_of(at, width);
                assert_int_equal(UINT64_C(1) << sky_stretch_level(at, end), width);
                assert_memory_equal(&stretch.hash[i], &root, sizeof root);
            }
            assert_int_equal(stretch.count, i);
            assert_int_equal(sky_stretch_count(first, end), i);
        }
    }
}

static void two_stretches_that_meet_make_the_one_over_both(void **state)
{
    (void)state;
    static struct sky_stretch left, right, both;
    for (uint64_t first = 0; first < LEAVES_MAX; first += 3) {
        for (uint64_t end = first; end <= LEAVES_MAX; end++) {
            make(&both, first, end);
            for (uint64_t mid = first; mid <= end; mid++) {
                make(&left, first, mid);
                make(&right, mid, end);
                sky_stretch_join(&left, &right);
                assert_same(&left, &both);
            }
        }
    }
}

static void a_tree_that_goes_over_a_stretch_is_the_tree_of_its_leaves(void **state)
{
    (void)state;
    static struct sky_stretch stretch;
    static struct sky_merkle grown;
    for (uint64_t first = 0; first <= LEAVES_MAX; first++) {
        for (uint64_t end = first; end <= LEAVES_MAX; end++) {
            make(&stretch, first, end);
            grown = tree[first];
            sky_stretch_grow(&grown, &stretch);
            assert_int_equal(grown.size, end);
            assert_memory_equal(grown.frontier, tree[end].frontier,
                                sky_merkle_frontier_count(end) * sizeof grown.frontier[0]);
        }
    }
}

static void the_longest_list_that_there_can_be_fits(void **state)
{
    (void)state;
    assert_int_equal(sky_stretch_count(1, INT64_MAX), SKY_STRETCH_HASHES_MAX - 2);
    assert_int_equal(sky_stretch_count(0, INT64_MAX), 63);
    assert_int_equal(sky_stretch_count(UINT64_C(1) << 62, INT64_MAX), 62);
    uint64_t seed = 3;
    for (int i = 0; i < 20000; i++) {
        const uint64_t a = test_random(&seed) >> (1 + test_random(&seed) % 63);
        const uint64_t b = test_random(&seed) >> (1 + test_random(&seed) % 63);
        const unsigned count = sky_stretch_count(a < b ? a : b, a < b ? b : a);
        assert_true(count <= SKY_STRETCH_HASHES_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stretch_is_the_largest_subtrees_from_the_left),
        cmocka_unit_test(two_stretches_that_meet_make_the_one_over_both),
        cmocka_unit_test(a_tree_that_goes_over_a_stretch_is_the_tree_of_its_leaves),
        cmocka_unit_test(the_longest_list_that_there_can_be_fits),
    };
    return cmocka_run_group_tests(tests, make_leaves, NULL);
}
