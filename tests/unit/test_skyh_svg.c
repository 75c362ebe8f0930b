/*
 * What drawings stand on: escaped text, round scales, labels that do not lie upon each other.
 */
#include <string.h>

#include "sky_test.h"
#include "skyh_svg.h"

static void text_of_any_origin_cannot_become_markup(void **state)
{
    (void)state;
    struct skyh_svg svg = {0};
    skyh_svg_say(&svg, "<script>\"a\" & b\x01</script>");
    assert_string_equal(svg.text, "&lt;script&gt;&quot;a&quot; &amp; b &lt;/script&gt;");
    skyh_svg_done(&svg);
}

static void long_pieces_are_put_whole(void **state)
{
    (void)state;
    static char piece[5000];
    struct skyh_svg svg = {0};
    memset(piece, 'x', sizeof piece - 1);
    for (int i = 0; i < 20; i++) {
        skyh_svg_put(&svg, "%s", piece);
    }
    assert_false(svg.failed);
    assert_int_equal(svg.count, 20 * (sizeof piece - 1));
    assert_int_equal(strlen(svg.text), svg.count);
    skyh_svg_done(&svg);
}

static void no_coordinate_is_minus_nothing(void **state)
{
    (void)state;
    struct skyh_svg svg = {0};
    skyh_svg_number(&svg, -0.04);
    skyh_svg_number(&svg, -1.25);
    assert_string_equal(svg.text, "0.0-1.2");
    skyh_svg_done(&svg);
}

static void scales_are_round_and_not_finer_than_asked(void **state)
{
    (void)state;
    assert_near(skyh_svg_step(10.0, 5), 2.0, 1e-12);
    assert_near(skyh_svg_step(0.17, 6), 0.05, 1e-12);
    assert_near(skyh_svg_step(120.0, 1), 200.0, 1e-9);
    assert_near(skyh_svg_time_step(90.0, 8), 15.0, 0.0);
    assert_near(skyh_svg_time_step(86400.0, 8), 14400.0, 0.0);
    assert_near(skyh_svg_time_step(40.0 * 86400.0, 8), 5.0 * 86400.0, 0.0);
}

static bool overlap(const struct skyh_labels *labels, size_t a, size_t b)
{
    return labels->box[a].x < labels->box[b].x + labels->box[b].width &&
           labels->box[b].x < labels->box[a].x + labels->box[a].width &&
           labels->box[a].y < labels->box[b].y + labels->box[b].height &&
           labels->box[b].y < labels->box[a].y + labels->box[a].height;
}

static void labels_never_lie_upon_each_other_or_leave_the_frame(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint64_t random = seed;
        struct skyh_labels labels = {.left = 0, .top = 0, .right = 400, .bottom = 300};
        size_t found = 0;
        for (int i = 0; i < 30; i++) {
            double x = 0.0, y = 0.0;
            found += skyh_labels_find(&labels, test_uniform(&random, 0, 400),
                                      test_uniform(&random, 0, 300), 8, &x, &y)
                         ? 1
                         : 0;
        }
        assert_true(found >= 20); /* and most find room */
        assert_int_equal(found, labels.count);
        for (size_t a = 0; a < labels.count; a++) {
            if (labels.box[a].x < 0 || labels.box[a].y < 0 ||
                labels.box[a].x + labels.box[a].width > 400 ||
                labels.box[a].y + labels.box[a].height > 300) {
                fail_msg("seed %llu: label %zu leaves the frame", (unsigned long long)seed, a);
            }
            for (size_t b = 0; b < a; b++) {
                if (overlap(&labels, a, b)) {
                    fail_msg("seed %llu: labels %zu and %zu", (unsigned long long)seed, a, b);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_any_origin_cannot_become_markup),
        cmocka_unit_test(long_pieces_are_put_whole),
        cmocka_unit_test(no_coordinate_is_minus_nothing),
        cmocka_unit_test(scales_are_round_and_not_finer_than_asked),
        cmocka_unit_test(labels_never_lie_upon_each_other_or_leave_the_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
