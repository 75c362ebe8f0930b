/**
 * test_lanes: states in the lanes of sky_measure and among the models of sky_imm, and dense
 * matrices to compare them with.
 */
#ifndef TEST_LANES_H
#define TEST_LANES_H

#include "sky_imm.h"
#include "sky_measure.h"
#include "test_matrix.h"

/** Writes a state's entries `stride` apart, as lanes and models keep them beside each other. */
static inline void test_pack(const struct sky_state *state, int stride, double *ret_x,
                             double *ret_p)
{
    int k = 0;
    for (int i = 0; i < 6; i++) {
        ret_x[i * stride] = state->x[i];
        for (int j = i; j < 6; j++) {
            ret_p[k++ * stride] = state->p[i][j];
        }
    }
}

static inline struct sky_state test_unpack(const double *x, const double *p, int stride)
{
    struct sky_state state = {.time_ns = 0};
    int k = 0;
    for (int i = 0; i < 6; i++) {
        state.x[i] = x[i * stride];
        for (int j = i; j < 6; j++) {
            state.p[i][j] = state.p[j][i] = p[k++ * stride];
        }
    }
    return state;
}

static inline void test_set_lane(struct sky_lanes *at, int lane, const struct sky_state *state)
{
    test_pack(state, SKY_LANES, &at->x[0][lane], &at->p[0][lane]);
}

static inline struct sky_lanes test_lanes_of(const struct sky_state *state)
{
    struct sky_lanes at;
    for (int m = 0; m < SKY_LANES; m++) {
        test_set_lane(&at, m, state);
    }
    return at;
}

static inline struct sky_state test_lane(const struct sky_lanes *at, int lane)
{
    return test_unpack(&at->x[0][lane], &at->p[0][lane], SKY_LANES);
}

/** Sets one model, without a weight. */
static inline void test_set_model(struct sky_imm *imm, uint32_t m, const struct sky_state *state)
{
    test_pack(state, SKY_MODES_MAX, &imm->x[0][m], &imm->p[0][m]);
}

static inline struct sky_state test_model(const struct sky_imm *imm, uint32_t m)
{
    struct sky_state state = test_unpack(&imm->x[0][m], &imm->p[0][m], SKY_MODES_MAX);
    state.time_ns = imm->time_ns;
    return state;
}

/** The row of a line over the whole state. */
static inline void test_row(const struct sky_lane_line *line, int lane, double ret_row[6])
{
    for (int i = 0; i < 3; i++) {
        ret_row[i] = line->by_place.v[i][lane];
        ret_row[3 + i] = line->has_velocity ? line->by_velocity.v[i][lane] : 0.0;
    }
}

/** One line, drawn through the lanes as they stand. */
static inline struct sky_lane_line test_line(const struct sky_lanes *at,
                                             const struct sky_measurement *m,
                                             const struct sky_sensor_pose *pose,
                                             enum sky_component component, uint32_t *ret_has)
{
    struct sky_views views;
    struct sky_lane_line line;
    sky_measure_look(at, m, pose, &views);
    sky_measure_spread(at, &views);
    sky_measure_line(at, &views, component, &line);
    *ret_has = views.has;
    return line;
}

/**
 * Applies every component of a measurement, as one model's filter does. Each line is shown to
 * `watcher` as it is drawn, before it is applied.
 */
static inline void test_apply_watched(struct sky_lanes *at, const struct sky_measurement *m,
                                      const struct sky_sensor_pose *pose,
                                      void (*watch)(void *watcher, const struct sky_lanes *at,
                                                    const struct sky_lane_line *line),
                                      void *watcher)
{
    struct sky_views views;
    sky_measure_look(at, m, pose, &views);
    sky_measure_spread(at, &views);
    for (int k = 0; k < SKY_COMPONENTS; k++) {
        if ((views.has >> k & 1U) != 0) {
            struct sky_lane_line line;
            struct sky_lane_fit fit;
            sky_measure_line(at, &views, (enum sky_component)k, &line);
            watch(watcher, at, &line);
            sky_measure_compare(at, &line, &fit);
            sky_measure_apply(at, &line, &fit);
        }
    }
}

static inline void test_watch_nothing(void *watcher, const struct sky_lanes *at,
                                      const struct sky_lane_line *line)
{
    (void)watcher, (void)at, (void)line;
}

static inline void test_apply(struct sky_lanes *at, const struct sky_measurement *m,
                              const struct sky_sensor_pose *pose)
{
    test_apply_watched(at, m, pose, test_watch_nothing, NULL);
}

/** Is a covariance finite and positive definite? */
static inline bool test_is_positive(const double p[6][6])
{
    static const double nothing[6];
    return test_distance2(&p[0][0], 6, nothing, 6) >= 0.0;
}

#endif
