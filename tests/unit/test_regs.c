#include "sky_regs.h"

#include <string.h>

#include "sky_test.h"

enum { HEADER = SKY_REGS_HEADER_WORDS, TARGET = SKY_REGS_TARGET_WORDS };

static const double step_rad = 3.14159265358979323846 / 32768.0;

/* A head's registers, as one read brings them, and what decoding them said. */
struct block {
    size_t targets;
    uint16_t word[SKY_REGS_BLOCK_WORDS_MAX];
    uint8_t bytes[2 * SKY_REGS_BLOCK_WORDS_MAX];
};

static struct sky_regs_header header;
static struct sky_plot plot[SKY_REGS_TARGETS_MAX];
static size_t plot_count;
static const char *item;
static uint32_t offset;

static uint16_t *target(struct block *block, size_t i) { return block->word + HEADER + TARGET * i; }

static void put_header(uint16_t *word, size_t targets, uint16_t sequence)
{
    const uint16_t header_words[HEADER] = {SKY_REGS_MAGIC,
                                           0x0102,
                                           16,
                                           32,
                                           SKY_REGS_TIME_VALID | SKY_REGS_NORTH_VALID,
                                           sequence,
                                           (uint16_t)targets,
                                           1000,
                                           0x6956,
                                           0x0F80,
                                           250,
                                           20,
                                           1,
                                           2,
                                           0,
                                           sequence};
    memcpy(word, header_words, sizeof header_words);
}

static size_t words_of(const struct block *block) { return 2 * HEADER + TARGET * block->targets; }

/* Makes the checksum right and both headers alike. */
static void seal(struct block *block)
{
    block->word[14] = sky_regs_crc(block->word + HEADER, TARGET * block->targets);
    memcpy(block->word + HEADER + TARGET * block->targets, block->word, 2 * HEADER);
}

static void make(struct block *block, size_t targets)
{
    memset(block, 0, sizeof *block);
    block->targets = targets;
    put_header(block->word, targets, 42);
    for (size_t i = 0; i < targets; i++) {
        const uint16_t words[TARGET] = {(uint16_t)(100 + i),
                                        SKY_REGS_VALID | SKY_REGS_CONFIRMED,
                                        500,
                                        1,
                                        0x86A0,
                                        0x4000,
                                        0x0400,
                                        (uint16_t)-1234,
                                        (uint16_t)-95,
                                        205,
                                        150,
                                        91,
                                        182,
                                        3,
                                        80,
                                        42};
        memcpy(target(block, i), words, sizeof words);
    }
    seal(block);
}

static enum sky_status decode(struct block *block)
{
    sky_regs_to_bytes(block->word, words_of(block), block->bytes);
    return sky_regs_decode(block->bytes, 2 * words_of(block), 7, &header, plot, &plot_count, &item,
                           &offset);
}

static void a_target_comes_out_in_metres_and_radians(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 1);
    assert_int_equal(decode(&block), SKY_OK);
    assert_int_equal(plot_count, 1);
    assert_int_equal(plot[0].sensor, 7);
    assert_int_equal(plot[0].has, SKY_PLOT_SENSOR_TRACK | SKY_PLOT_ELEVATION |
                                      SKY_PLOT_RADIAL_SPEED | SKY_PLOT_RCS | SKY_PLOT_SNR |
                                      SKY_PLOT_SIGMAS);
    assert_int_equal(plot[0].sensor_track, 100);
    assert_near(plot[0].slant_range_m, 10000.0, 1e-9); /* 0x000186A0 is 100,000 */
    assert_near(plot[0].azimuth_rad, 3.14159265358979323846 / 2.0, 1e-12);
    assert_near(plot[0].elevation_rad, 0x400 * step_rad, 1e-12);
    assert_near(plot[0].radial_speed_mps, -12.34, 1e-12);
    assert_near(plot[0].rcs_dbsm, -9.5, 1e-12);
    assert_near(plot[0].snr_db, 20.5, 1e-12);
    assert_near(plot[0].sigma_range_m, 15.0, 1e-12);
    assert_near(plot[0].sigma_azimuth_rad, 91 * step_rad, 1e-12);
    assert_near(plot[0].sigma_elevation_rad, 182 * step_rad, 1e-12);
}

static void age_counts_back_from_the_heads_own_utc(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 1);
    assert_int_equal(decode(&block), SKY_OK);
    const int64_t utc_ns = INT64_C(0x69560F80) * SKY_SECOND_NS + 250000000;
    assert_true(header.has_time);
    assert_int_equal(header.utc_ns, utc_ns);
    assert_int_equal(header.time_sigma_ns, 20000000 + 288675);
    assert_int_equal(plot[0].time_kind, SKY_TIME_UTC);
    assert_int_equal(plot[0].time_value_ns, utc_ns - 500000000);
    assert_int_equal(plot[0].time_sigma_ns, 20000000 + 2 * 288675);
}

static void without_valid_utc_age_counts_back_from_arrival(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 1);
    block.word[4] = SKY_REGS_NORTH_VALID;
    seal(&block);
    assert_int_equal(decode(&block), SKY_OK);
    assert_false(header.has_time);
    assert_int_equal(plot[0].time_kind, SKY_TIME_ARRIVAL);
    assert_int_equal(plot[0].time_value_ns, 500000000);
    assert_int_equal(plot[0].time_sigma_ns, 288675);

    make(&block, 1);
    block.word[11] = 0xFFFF; /* a time that nobody vouches for */
    seal(&block);
    assert_int_equal(decode(&block), SKY_OK);
    assert_int_equal(plot[0].time_kind, SKY_TIME_ARRIVAL);
}

static void a_second_without_its_milliseconds_is_its_middle_give_or_take(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 0);
    block.word[10] = 0xFFFF;
    seal(&block);
    assert_int_equal(decode(&block), SKY_OK);
    assert_int_equal(header.utc_ns, INT64_C(0x69560F80) * SKY_SECOND_NS + 500000000);
    assert_int_equal(header.time_sigma_ns, 20000000 + 288675 + 288675000);
}

static void what_is_not_available_is_left_out(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 1);
    target(&block, 0)[0] = 0xFFFF;
    for (size_t i = 6; i <= 9; i++) {
        target(&block, 0)[i] = 0x8000;
    }
    seal(&block);
    assert_int_equal(decode(&block), SKY_OK);
    assert_int_equal(plot[0].has, SKY_PLOT_SIGMAS); /* of range and azimuth, which is all it has */
    assert_near(plot[0].sigma_elevation_rad, 0.0, 0.0);
}

static void sigmas_are_taken_together_or_not_at_all(void **state)
{
    (void)state;
    for (size_t word = 10; word <= 12; word++) {
        for (int i = 0; i < 2; i++) {
            static struct block block;
            make(&block, 1);
            target(&block, 0)[word] = i == 0 ? 0 : 0xFFFF;
            seal(&block);
            assert_int_equal(decode(&block), SKY_OK);
            assert_false(plot[0].has & SKY_PLOT_SIGMAS);
        }
    }
}

static void only_measurements_become_plots(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 6);
    target(&block, 0)[1] = 0;                                 /* not valid */
    target(&block, 1)[1] = SKY_REGS_VALID | SKY_REGS_COASTED; /* extrapolated */
    target(&block, 2)[2] = 0xFFFF;                            /* of no age */
    target(&block, 3)[3] = target(&block, 3)[4] = 0xFFFF;     /* nowhere */
    seal(&block);
    assert_int_equal(decode(&block), SKY_OK);
    assert_int_equal(header.target_count, 6);
    assert_int_equal(plot_count, 2);
    assert_int_equal(plot[0].sensor_track, 104);
    assert_int_equal(plot[1].sensor_track, 105);
}

static void every_azimuth_is_a_direction(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 1);
    target(&block, 0)[5] = 0xFFFF;
    seal(&block);
    assert_int_equal(decode(&block), SKY_OK);
    assert_near(plot[0].azimuth_rad, 65535 * step_rad, 1e-12);
    assert_true(plot[0].azimuth_rad < 2.0 * 3.14159265358979323846);
}

static void a_full_table_fits_and_an_empty_one_is_a_report_too(void **state)
{
    (void)state;
    static struct block block;
    make(&block, SKY_REGS_TARGETS_MAX);
    block.word[3] = SKY_REGS_TARGETS_MAX;
    seal(&block);
    assert_int_equal(decode(&block), SKY_OK);
    assert_int_equal(plot_count, SKY_REGS_TARGETS_MAX);

    make(&block, 0);
    assert_int_equal(block.word[14], 0xFFFF);
    assert_int_equal(decode(&block), SKY_OK);
    assert_int_equal(plot_count, 0);
    assert_int_equal(header.uptime_s, 65538);
    assert_int_equal(header.map_major, 1);
    assert_int_equal(header.map_minor, 2);
    assert_int_equal(header.scan_ms, 1000);
    assert_int_equal(header.capacity, 32);
}

/* The block must be refused so, with nothing set but the reason and its place. */
static void assert_refused(struct block *block, enum sky_status status, const char *wanted,
                           uint32_t at)
{
    struct sky_regs_header before;
    memset(&header, 0x5A, sizeof header);
    memcpy(&before, &header, sizeof header);
    memset(plot, 0x5A, sizeof plot);
    plot_count = 1234;
    assert_int_equal(decode(block), status);
    assert_string_equal(item, wanted);
    assert_int_equal(offset, at);
    assert_memory_equal(&header, &before, sizeof header);
    assert_int_equal(((unsigned char *)plot)[0], 0x5A);
    assert_int_equal(plot_count, 1234);
}

static void a_header_of_another_map_is_refused_by_its_field(void **state)
{
    (void)state;
    const struct {
        uint16_t at;
        uint16_t value;
        enum sky_status status;
        const char *item;
    } wrong[] = {
        {0, 0x5358, SKY_E_CORRUPT, "header.magic"},
        {1, 0x0200, SKY_E_CORRUPT, "header.version"},
        {2, 8, SKY_E_CORRUPT, "header.target_words"},
        {3, 65, SKY_E_CORRUPT, "header.capacity"},
        {6, 33, SKY_E_CORRUPT, "header.target_count"},
        {10, 1000, SKY_E_CORRUPT, "header.milliseconds"},
        {5, 43, SKY_E_STALE, "header.sequence"},
        {15, 44, SKY_E_STALE, "header.sequence"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        static struct block block;
        make(&block, 2);
        block.word[wrong[i].at] = wrong[i].value;
        assert_refused(&block, wrong[i].status, wrong[i].item, wrong[i].at);

        struct sky_regs_header ignored;
        const char *said = "";
        assert_int_equal(sky_regs_header(block.word, &ignored, &said), wrong[i].status);
        assert_string_equal(said, wrong[i].item);
    }
}

static void a_header_alone_is_decoded_as_the_adapter_needs_it(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 5);
    const char *said = "";
    assert_int_equal(sky_regs_header(block.word, &header, &said), SKY_OK);
    assert_int_equal(header.target_count, 5);
    assert_int_equal(header.sequence, 42);
    assert_int_equal(header.crc, block.word[14]);
}

static void a_table_that_changed_while_it_was_read_is_torn(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 3);
    block.word[HEADER + 3 * TARGET + 5] = 44; /* another sequence in the header's second copy */
    assert_refused(&block, SKY_E_STALE, "header.sequence", HEADER + 3 * TARGET + 5);

    make(&block, 3);
    block.word[HEADER + 3 * TARGET + 15] = 43;
    assert_refused(&block, SKY_E_STALE, "header.sequence", HEADER + 3 * TARGET + 5);

    make(&block, 3);
    target(&block, 2)[15] = 44;
    assert_refused(&block, SKY_E_STALE, "target.sequence", HEADER + 2 * TARGET + 15);

    make(&block, 3);
    target(&block, 1)[3] ^= 1; /* only the checksum can tell */
    assert_refused(&block, SKY_E_STALE, "header.crc", 14);
}

static void a_block_of_another_length_is_refused(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 2);
    sky_regs_to_bytes(block.word, words_of(&block), block.bytes);
    for (size_t count = 0; count <= sizeof block.bytes; count++) {
        const enum sky_status status =
            sky_regs_decode(block.bytes, count, 0, &header, plot, &plot_count, &item, &offset);
        if (count == 2 * words_of(&block)) {
            assert_int_equal(status, SKY_OK);
        } else {
            assert_int_equal(status, SKY_E_CORRUPT);
            assert_string_equal(item, "block.length");
        }
    }
}

static void targets_without_north_are_refused_but_an_empty_table_is_not(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 1);
    block.word[4] = SKY_REGS_TIME_VALID;
    seal(&block);
    assert_refused(&block, SKY_E_CORRUPT, "header.status", 4);

    make(&block, 0);
    block.word[4] = 0;
    seal(&block);
    assert_int_equal(decode(&block), SKY_OK);
}

static void an_impossible_target_is_named_by_its_word(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 3);
    target(&block, 1)[3] = 0x0098; /* 1,000,000.1 m */
    target(&block, 1)[4] = 0x9681;
    seal(&block);
    assert_refused(&block, SKY_E_CORRUPT, "target.range", HEADER + TARGET + 3);
    target(&block, 1)[4] = 0x9680;
    seal(&block);
    assert_int_equal(decode(&block), SKY_OK);

    target(&block, 2)[6] = 0x4001; /* over the vertical */
    seal(&block);
    assert_refused(&block, SKY_E_CORRUPT, "target.elevation", HEADER + 2 * TARGET + 6);
    target(&block, 2)[6] = (uint16_t)-0x4001;
    seal(&block);
    assert_refused(&block, SKY_E_CORRUPT, "target.elevation", HEADER + 2 * TARGET + 6);
    target(&block, 2)[6] = (uint16_t)-0x4000;
    seal(&block);
    assert_int_equal(decode(&block), SKY_OK);

    target(&block, 2)[6] = 0x4001; /* but nobody minds in a target that is not there */
    target(&block, 2)[1] = 0;
    seal(&block);
    assert_int_equal(decode(&block), SKY_OK);
}

/* "123456789" has the published check value of CRC-16/MODBUS; ten digits make whole words. */
static void the_checksum_is_crc_16_modbus_high_byte_first(void **state)
{
    (void)state;
    const uint16_t words[] = {0x3132, 0x3334, 0x3536, 0x3738};
    uint16_t crc = 0xFFFF;
    for (const char *c = "12345678"; *c; c++) {
        crc = (uint16_t)(crc ^ (uint8_t)*c);
        for (int i = 0; i < 8; i++) {
            crc = (uint16_t)((crc & 1) != 0 ? (crc >> 1) ^ 0xA001 : crc >> 1);
        }
    }
    assert_int_equal(sky_regs_crc(words, 4), crc);
    const uint16_t request[] = {0x0103, 0x0000, 0x0002}; /* on the wire: C4 0B, low byte first */
    assert_int_equal(sky_regs_crc(request, 3), 0x0BC4);
}

static void any_flipped_bit_of_the_used_table_is_noticed(void **state)
{
    (void)state;
    static struct block block;
    make(&block, 4);
    for (size_t bit = 0; bit < 4 * TARGET * 16; bit++) {
        block.word[HEADER + bit / 16] ^= (uint16_t)(1U << bit % 16);
        assert_int_equal(decode(&block), SKY_E_STALE);
        block.word[HEADER + bit / 16] ^= (uint16_t)(1U << bit % 16);
    }
    assert_int_equal(decode(&block), SKY_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_comes_out_in_metres_and_radians),
        cmocka_unit_test(age_counts_back_from_the_heads_own_utc),
        cmocka_unit_test(without_valid_utc_age_counts_back_from_arrival),
        cmocka_unit_test(a_second_without_its_milliseconds_is_its_middle_give_or_take),
        cmocka_unit_test(what_is_not_available_is_left_out),
        cmocka_unit_test(sigmas_are_taken_together_or_not_at_all),
        cmocka_unit_test(only_measurements_become_plots),
        cmocka_unit_test(every_azimuth_is_a_direction),
        cmocka_unit_test(a_full_table_fits_and_an_empty_one_is_a_report_too),
        cmocka_unit_test(a_header_of_another_map_is_refused_by_its_field),
        cmocka_unit_test(a_header_alone_is_decoded_as_the_adapter_needs_it),
        cmocka_unit_test(a_table_that_changed_while_it_was_read_is_torn),
        cmocka_unit_test(a_block_of_another_length_is_refused),
        cmocka_unit_test(targets_without_north_are_refused_but_an_empty_table_is_not),
        cmocka_unit_test(an_impossible_target_is_named_by_its_word),
        cmocka_unit_test(the_checksum_is_crc_16_modbus_high_byte_first),
        cmocka_unit_test(any_flipped_bit_of_the_used_table_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
