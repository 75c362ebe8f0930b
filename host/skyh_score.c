#include "skyh_score.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double hold_s = 1.5;
static const double slack_s = 1e-6;
static const double declared_tolerance_s = 3.0;
static const double block_s = 30.0;
static const double p_high = 0.95, p_low = 0.05; /* what declares, where there are no events */

enum { NEES = 3, BINS = 10, NEAR_S = 4 };
static const int dof[NEES] = {2, 3, 6};
/* Chi-square quantiles at 0.5, 0.95 and 0.99. */
static const double chi2[NEES][3] = {
    {1.3863, 5.9915, 9.2103}, {2.3660, 7.8147, 11.3449}, {5.3481, 12.5916, 16.8119}};

/* ------------------------------------------------------------------------------------ growing */

/* A list of numbers. */
struct list {
    size_t count, room;
    double *at;
};

static bool put(struct list *list, double value)
{
    if (list->count == list->room) {
        const size_t room = 2 * list->room + 64;
        double *const grown = realloc(list->at, room * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        list->at = grown;
        list->room = room;
    }
    list->at[list->count++] = value;
    return true;
}

static double mean_of(const struct list *list)
{
    double sum = 0.0;
    for (size_t i = 0; i < list->count; i++) {
        sum += list->at[i];
    }
    return list->count == 0 ? (double)NAN : sum / (double)list->count;
}

static double rms_of(const struct list *list)
{
    double sum = 0.0;
    for (size_t i = 0; i < list->count; i++) {
        sum += list->at[i] * list->at[i];
    }
    return list->count == 0 ? (double)NAN : sqrt(sum / (double)list->count);
}

static int by_value(const void *a, const void *b)
{
    double x = 0.0, y = 0.0;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : (x > y ? 1 : 0);
}

/* Between the two nearest; sorts the list. */
static double quantile_of(struct list *list, double share)
{
    if (list->count == 0) {
        return (double)NAN;
    }
    qsort(list->at, list->count, sizeof *list->at, by_value);
    const double place = share * (double)(list->count - 1);
    const size_t below = (size_t)place;
    const size_t above = below + 1 < list->count ? below + 1 : below;
    return list->at[below] + (place - (double)below) * (list->at[above] - list->at[below]);
}

/* --------------------------------------------------------------------------------- assignment */

/* Shortest augmenting paths over rows (n <= m), with prices of rows and columns; from 1 on. */
static void augment(const double *cost, size_t n, size_t m, double *work, size_t *owner,
                    size_t *way, bool *used)
{
    double *const u = work, *const v = work + n + 1, *const least = v + m + 1;
    for (size_t i = 1; i <= n; i++) {
        size_t column = 0;
        owner[0] = i;
        for (size_t j = 0; j <= m; j++) {
            least[j] = HUGE_VAL;
            used[j] = false;
        }
        do {
            const size_t row = owner[column];
            size_t next = 0;
            double step = HUGE_VAL;
            used[column] = true;
            for (size_t j = 1; j <= m; j++) {
                const double here =
                    used[j] ? HUGE_VAL : cost[(row - 1) * m + j - 1] - u[row] - v[j];
                if (!used[j] && here < least[j]) {
                    least[j] = here;
                    way[j] = column;
                }
                if (!used[j] && least[j] < step) {
                    step = least[j];
                    next = j;
                }
            }
            for (size_t j = 0; j <= m; j++) {
                if (used[j]) {
                    u[owner[j]] += step;
                    v[j] -= step;
                } else {
                    least[j] -= step;
                }
            }
            column = next;
        } while (owner[column] != 0);
        while (column != 0) {
            owner[column] = owner[way[column]];
            column = way[column];
        }
    }
}

bool skyh_score_assign(const double *cost, size_t n, size_t m, long *ret_column)
{
    const bool tall = n > m;
    const size_t rows = tall ? m : n, columns = tall ? n : m;
    for (size_t i = 0; i < n; i++) {
        ret_column[i] = -1;
    }
    if (rows == 0) {
        return true;
    }
    double *const turned = calloc(rows * columns, sizeof *turned);
    double *const work = calloc(rows + 2 * columns + 3, sizeof *work);
    size_t *const owner = calloc(2 * (columns + 1), sizeof *owner);
    bool *const used = calloc(columns + 1, sizeof *used);
    const bool room = turned != NULL && work != NULL && owner != NULL && used != NULL;
    if (room) {
        for (size_t i = 0; i < rows; i++) {
            for (size_t j = 0; j < columns; j++) {
                turned[i * columns + j] = tall ? cost[j * m + i] : cost[i * m + j];
            }
        }
        augment(turned, rows, columns, work, owner, owner + columns + 1, used);
        for (size_t j = 1; j <= columns; j++) {
            if (owner[j] != 0) {
                ret_column[tall ? j - 1 : owner[j] - 1] = (long)(tall ? owner[j] : j) - 1;
            }
        }
    }
    free(turned);
    free(work);
    free(owner);
    free(used);
    return room;
}

/* -------------------------------------------------------------------------------- what is kept */

/* P(inside) of one zone, near the line. */
struct calibration {
    size_t near, untracked;
    double brier, brier_hard, log_loss, truths;
    size_t count[BINS];
    double p[BINS], truth[BINS];
    size_t high, high_true, low, low_true;
    double false_p;
};

/* A truth at this second. */
struct present {
    size_t of;
    double p[3], v[3], axes[3][3];
    bool covered;
};

/* A track at this second. */
struct shown {
    size_t of, row;
    double p[3];
};

struct score {
    const struct skyh_scene *scene;
    size_t grid; /* seconds */
    double first_s;
    bool failed; /* memory */
    struct present *truth;
    size_t truths;
    struct shown *track;
    size_t tracks;
    double *distance, *cost; /* truths by tracks */
    double *east, *north, *up;
    long *match, *given;
    long *kept;        /* by truth of the scene: its latest track; -1 */
    bool *gap;         /* by truth: it was given one, and then none */
    long *match_at;    /* by track of the scene and second: its truth; -1 */
    double **inside_m; /* by zone and truth: signed distance of every row */
    struct list gospa, loc, ospa, missed, false_tracks, assigned;
    size_t n_truth, n_track, n_assoc, n_truths_assoc, switches, fragments;
    double distance_sum;
    struct list error, error_up, error_v, block[NEES], nees[NEES];
    double existence2;
    size_t existences;
    struct calibration *zone;
};

static double horizontal(const struct score *score, size_t i, size_t j)
{
    return score->distance[i * score->tracks + j];
}

/* Linear between rows, and as the first and last beyond. */
static double between(const struct skyh_path_row *row, size_t count, double t, size_t *ret_at)
{
    size_t low = 0, high = count - 1;
    if (t <= row[0].t || count == 1) {
        *ret_at = 0;
        return 0.0;
    }
    if (t >= row[high].t) {
        *ret_at = count - 2;
        return 1.0;
    }
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (row[middle].t <= t) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *ret_at = low;
    return (t - row[low].t) / (row[high].t - row[low].t);
}

static double mix(double a, double b, double share) { return a + share * (b - a); }

/* Is a place in nominal coverage of any sensor? */
static bool is_covered(const struct skyh_scene *scene, double t, const double p[3])
{
    for (size_t i = 0; i < scene->sensor_count; i++) {
        const struct skyh_scene_sensor *const sensor = &scene->sensor[i];
        size_t at = 0;
        const double share = between(sensor->pose, sensor->count, t, &at);
        const struct skyh_path_row *const a = &sensor->pose[at];
        const struct skyh_path_row *const b = &sensor->pose[sensor->count == 1 ? at : at + 1];
        const double lat = mix(a->lat_deg, b->lat_deg, share);
        const double lon = mix(a->lon_deg, b->lon_deg, share);
        double from[3], axes[3][3], up = 0.0, range2 = 0.0;
        skyh_scene_place(lat, lon, mix(a->alt_m, b->alt_m, share), from);
        skyh_scene_axes(lat, lon, axes);
        for (int k = 0; k < 3; k++) {
            up += axes[2][k] * (p[k] - from[k]);
            range2 += (p[k] - from[k]) * (p[k] - from[k]);
        }
        const double deg_per_rad = 180.0 / 3.14159265358979323846;
        const double range = sqrt(range2);
        const double elevation =
            (asin(up / range) + range / (8.0 * 6.371e6)) * deg_per_rad; /* refraction */
        if (sensor->range_min_m < range && range < sensor->range_max_m &&
            sensor->elevation_min_deg < elevation && elevation < sensor->elevation_max_deg) {
            return true;
        }
    }
    return false;
}

/* --------------------------------------------------------------------------------- one second */

static void find_truths(struct score *score, double t)
{
    const struct skyh_scene *const scene = score->scene;
    score->truths = 0;
    for (size_t k = 0; k < scene->truth_count; k++) {
        const struct skyh_flown *const flown = &scene->truth[k];
        if (t < flown->row[0].t - slack_s || t > flown->row[flown->count - 1].t + slack_s) {
            continue;
        }
        struct present *const at = &score->truth[score->truths++];
        size_t low = 0;
        const double share = between(flown->row, flown->count, t, &low);
        const struct skyh_path_row *const a = &flown->row[low];
        const struct skyh_path_row *const b = &flown->row[flown->count == 1 ? low : low + 1];
        at->of = k;
        for (int i = 0; i < 3; i++) {
            at->p[i] = mix(a->p[i], b->p[i], share);
            at->v[i] = mix(a->v[i], b->v[i], share);
        }
        skyh_scene_axes(mix(a->lat_deg, b->lat_deg, share), mix(a->lon_deg, b->lon_deg, share),
                        at->axes);
        at->covered = is_covered(scene, t, at->p);
    }
}

static void find_tracks(struct score *score, double t)
{
    const struct skyh_scene *const scene = score->scene;
    score->tracks = 0;
    for (size_t k = 0; k < scene->track_count; k++) {
        const struct skyh_flown *const flown = &scene->track[k];
        size_t rows = 0, end = flown->count; /* rows before t */
        while (rows < end) {
            const size_t middle = (rows + end) / 2;
            if (flown->row[middle].t < t + slack_s) {
                rows = middle + 1;
            } else {
                end = middle;
            }
        }
        if (rows == 0 || t - flown->row[rows - 1].t > hold_s) {
            continue;
        }
        const struct skyh_path_row *const row = &flown->row[rows - 1];
        struct shown *const at = &score->track[score->tracks++];
        double axes[3][3];
        skyh_scene_axes(row->lat_deg, row->lon_deg, axes);
        at->of = k;
        at->row = rows - 1;
        for (int i = 0; i < 3; i++) {
            at->p[i] = row->p[i] +
                       (axes[0][i] * row->v[0] + axes[1][i] * row->v[1] + axes[2][i] * row->v[2]) *
                           (t - row->t);
        }
    }
}

static void find_distances(struct score *score)
{
    for (size_t i = 0; i < score->truths; i++) {
        for (size_t j = 0; j < score->tracks; j++) {
            const struct present *const truth = &score->truth[i];
            const struct shown *const track = &score->track[j];
            double off[3] = {0.0, 0.0, 0.0};
            for (int r = 0; r < 3; r++) {
                for (int k = 0; k < 3; k++) {
                    off[r] += truth->axes[r][k] * (track->p[k] - truth->p[k]);
                }
            }
            const size_t at = i * score->tracks + j;
            score->east[at] = off[0];
            score->north[at] = off[1];
            score->up[at] = off[2];
            score->distance[at] = hypot(off[0], off[1]);
        }
    }
}

/* The nearest truth of a track. Pre: there is one. */
static size_t nearest_to(const struct score *score, size_t j)
{
    size_t nearest = 0;
    for (size_t i = 1; i < score->truths; i++) {
        if (horizontal(score, i, j) < horizontal(score, nearest, j)) {
            nearest = i;
        }
    }
    return nearest;
}

/* Leaves out truths that nobody could see, and the tracks on them. */
static void leave_out(struct score *score)
{
    size_t truths = 0, tracks = 0;
    bool any = false;
    for (size_t i = 0; i < score->truths; i++) {
        any = any || !score->truth[i].covered;
    }
    if (!any) {
        return;
    }
    for (size_t j = 0; j < score->tracks; j++) {
        const size_t i = nearest_to(score, j);
        if (score->truth[i].covered || horizontal(score, i, j) >= score->scene->cutoff_m) {
            score->track[tracks++] = score->track[j];
        }
    }
    for (size_t i = 0; i < score->truths; i++) {
        if (score->truth[i].covered) {
            score->truth[truths++] = score->truth[i];
        }
    }
    score->truths = truths;
    score->tracks = tracks;
    find_distances(score);
}

static void count_set_distances(struct score *score)
{
    const double c2 = score->scene->cutoff_m * score->scene->cutoff_m;
    const size_t n = score->truths, m = score->tracks;
    double loc = 0.0, sum = 0.0;
    size_t pairs = 0;
    for (size_t i = 0; i < n * m; i++) {
        score->cost[i] = fmin(score->distance[i] * score->distance[i], c2);
    }
    score->failed = !skyh_score_assign(score->cost, n, m, score->given) || score->failed;
    for (size_t i = 0; i < n; i++) {
        if (score->given[i] >= 0) {
            const size_t j = (size_t)score->given[i];
            const double d = horizontal(score, i, j);
            sum += score->cost[i * m + j];
            loc += d < score->scene->cutoff_m ? d * d : 0.0;
            pairs += d < score->scene->cutoff_m ? 1 : 0;
        }
    }
    const size_t most = n > m ? n : m, differ = n > m ? n - m : m - n;
    const double alone = (double)(n - pairs + (m - pairs));
    score->failed =
        !put(&score->gospa, sqrt(loc + 0.5 * c2 * alone)) || !put(&score->loc, loc) ||
        !put(&score->missed, (double)(n - pairs)) ||
        !put(&score->false_tracks, (double)(m - pairs)) || !put(&score->assigned, (double)pairs) ||
        !put(&score->ospa, most == 0 ? 0.0 : sqrt((sum + c2 * (double)differ) / (double)most)) ||
        score->failed;
}

static void count_siap(struct score *score)
{
    const double c = score->scene->cutoff_m;
    score->n_truth += score->truths;
    score->n_track += score->tracks;
    for (size_t i = 0; i < score->truths; i++) {
        bool followed = false;
        for (size_t j = 0; j < score->tracks; j++) {
            followed = followed || (nearest_to(score, j) == i && horizontal(score, i, j) < c);
        }
        score->n_truths_assoc += followed ? 1 : 0;
    }
    for (size_t j = 0; j < score->tracks && score->truths > 0; j++) {
        const double d = horizontal(score, nearest_to(score, j), j);
        score->n_assoc += d < c ? 1 : 0;
        score->distance_sum += d < c ? d : 0.0;
    }
}

static bool is_given(const struct score *score, size_t j)
{
    for (size_t i = 0; i < score->truths; i++) {
        if (score->match[i] == (long)j) {
            return true;
        }
    }
    return false;
}

/* Who had a track keeps it while it is near. */
static void keep_matches(struct score *score)
{
    for (size_t i = 0; i < score->truths; i++) {
        score->match[i] = -1;
    }
    for (size_t i = 0; i < score->truths; i++) {
        for (size_t j = 0; j < score->tracks; j++) {
            if (score->kept[score->truth[i].of] == (long)score->track[j].of &&
                horizontal(score, i, j) < score->scene->cutoff_m && !is_given(score, j)) {
                score->match[i] = (long)j;
            }
        }
    }
}

/* The others are shared out. */
static void find_matches(struct score *score)
{
    const double c = score->scene->cutoff_m;
    size_t *const rows = calloc(score->truths + score->tracks + 1, sizeof *rows);
    if (rows == NULL) {
        score->failed = true;
        return;
    }
    size_t *const columns = rows + score->truths;
    size_t n = 0, m = 0;
    keep_matches(score);
    for (size_t i = 0; i < score->truths; i++) {
        if (score->match[i] < 0) {
            rows[n++] = i;
        }
    }
    for (size_t j = 0; j < score->tracks; j++) {
        if (!is_given(score, j)) {
            columns[m++] = j;
        }
    }
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < m; b++) {
            const double d = fmin(horizontal(score, rows[a], columns[b]), c);
            score->cost[a * m + b] = d * d;
        }
    }
    score->failed = !skyh_score_assign(score->cost, n, m, score->given) || score->failed;
    for (size_t a = 0; a < n; a++) {
        const long b = score->given[a];
        if (b >= 0 && horizontal(score, rows[a], columns[b]) < c) {
            score->match[rows[a]] = (long)columns[b];
        }
    }
    free(rows);
}

/* x' A^-1 x of the leading `n` rows; NaN if A has none. */
static double distance2_of(double a[6][6], const double x[6], int n)
{
    double m[6][7], sum = 0.0;
    for (int i = 0; i < n; i++) {
        memcpy(m[i], a[i], 6 * sizeof(double));
        m[i][6] = x[i];
    }
    for (int i = 0; i < n; i++) {
        int pivot = i;
        for (int r = i + 1; r < n; r++) {
            pivot = fabs(m[r][i]) > fabs(m[pivot][i]) ? r : pivot;
        }
        if (!(fabs(m[pivot][i]) > 0.0)) {
            return (double)NAN;
        }
        double swap[7];
        memcpy(swap, m[i], sizeof swap);
        memcpy(m[i], m[pivot], sizeof swap);
        memcpy(m[pivot], swap, sizeof swap);
        for (int r = i + 1; r < n; r++) {
            const double factor = m[r][i] / m[i][i];
            for (int k = i; k < 7; k++) {
                m[r][k] -= k < n || k == 6 ? factor * m[i][k] : 0.0;
            }
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++) {
            m[i][6] -= m[i][k] * m[k][6];
        }
        m[i][6] /= m[i][i];
        sum += x[i] * m[i][6];
    }
    return sum;
}

/* The covariance of a row, moved on by dt_s with its velocity. */
static void move_cov(const struct skyh_path_row *row, double dt_s, double ret_cov[6][6])
{
    memcpy(ret_cov, row->cov, sizeof row->cov);
    if (dt_s <= 0.0) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 6; j++) {
            ret_cov[i][j] += dt_s * ret_cov[i + 3][j];
        }
    }
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 3; j++) {
            ret_cov[i][j] += dt_s * ret_cov[i][j + 3];
        }
    }
}

static bool is_finite(const struct skyh_path_row *row)
{
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            if (!isfinite(row->cov[i][j])) {
                return false;
            }
        }
    }
    return true;
}

static void count_errors(struct score *score, double t, size_t i, size_t j)
{
    const struct shown *const track = &score->track[j];
    const struct skyh_path_row *const row = &score->scene->track[track->of].row[track->row];
    const size_t at = i * score->tracks + j;
    double x[6] = {score->east[at], score->north[at], score->up[at], 0.0, 0.0, 0.0};
    double speed2 = 0.0, cov[6][6];
    for (int k = 0; k < 3; k++) {
        x[3 + k] = row->v[k] - score->truth[i].v[k];
        speed2 += x[3 + k] * x[3 + k];
    }
    score->failed = !put(&score->error, score->distance[at]) || !put(&score->error_up, x[2]) ||
                    !put(&score->error_v, sqrt(speed2)) || score->failed;
    if (!score->scene->has_cov || !is_finite(row)) {
        return;
    }
    move_cov(row, t - row->t, cov);
    for (int n = 0; n < NEES; n++) {
        const double nees = distance2_of(cov, x, dof[n]);
        const double block =
            (double)score->truth[i].of * 1e9 + floor(t / block_s); /* one number for both */
        score->failed =
            (isfinite(nees) && (!put(&score->nees[n], nees) || !put(&score->block[n], block))) ||
            score->failed;
    }
}

static void count_existence(struct score *score, size_t j, double truth)
{
    const struct shown *const track = &score->track[j];
    const double p = score->scene->track[track->of].row[track->row].existence;
    if (isfinite(p)) {
        score->existence2 += (p - truth) * (p - truth);
        score->existences++;
    }
}

static void take_matches(struct score *score, double t, size_t second)
{
    for (size_t i = 0; i < score->truths; i++) {
        const size_t truth = score->truth[i].of;
        if (score->match[i] < 0) {
            score->gap[truth] = score->kept[truth] >= 0;
            continue;
        }
        const size_t j = (size_t)score->match[i];
        const long track = (long)score->track[j].of;
        score->switches += score->kept[truth] >= 0 && score->kept[truth] != track ? 1 : 0;
        score->fragments += score->gap[truth] ? 1 : 0;
        score->gap[truth] = false;
        score->kept[truth] = track;
        score->match_at[(size_t)track * score->grid + second] = (long)truth;
        count_errors(score, t, i, j);
        count_existence(score, j, 1.0);
    }
    for (size_t j = 0; j < score->tracks; j++) {
        if (!is_given(score, j)) {
            count_existence(score, j, 0.0);
        }
    }
}

/* ---------------------------------------------------------------------------------- P(inside) */

static double signed_at(const struct score *score, size_t zone, size_t truth, double t)
{
    const struct skyh_flown *const flown = &score->scene->truth[truth];
    const double *const s = score->inside_m[zone * score->scene->truth_count + truth];
    size_t at = 0;
    const double share = between(flown->row, flown->count, t, &at);
    return mix(s[at], s[flown->count == 1 ? at : at + 1], share);
}

static double p_of(const struct score *score, size_t zone, const struct shown *track,
                   double *ret_hard)
{
    const struct skyh_flown *const flown = &score->scene->track[track->of];
    const struct skyh_path_row *const row = &flown->row[track->row];
    const double p = flown->inside[track->row * score->scene->zone_count + zone];
    *ret_hard =
        skyh_polygon_signed(&score->scene->zone[zone].published, row->lat_deg, row->lon_deg) > 0.0
            ? 1.0
            : 0.0;
    return isfinite(p) ? p : *ret_hard;
}

static void count_p(struct calibration *zone, double p, double hard, double truth)
{
    const double held = fmin(1.0 - 1e-6, fmax(1e-6, p));
    const int bin = (int)fmin(BINS - 1, fmax(0.0, floor(p * BINS)));
    zone->brier += (p - truth) * (p - truth);
    zone->brier_hard += (hard - truth) * (hard - truth);
    zone->log_loss -= truth * log(held) + (1.0 - truth) * log(1.0 - held);
    zone->truths += truth;
    zone->count[bin]++;
    zone->p[bin] += p;
    zone->truth[bin] += truth;
    zone->high += p >= p_high ? 1 : 0;
    zone->high_true += p >= p_high && truth > 0.5 ? 1 : 0;
    zone->low += p <= p_low ? 1 : 0;
    zone->low_true += p <= p_low && truth > 0.5 ? 1 : 0;
}

static void count_inside(struct score *score, double t, size_t z)
{
    const double c = score->scene->cutoff_m;
    struct calibration *const zone = &score->zone[z];
    double hard = 0.0;
    for (size_t i = 0; i < score->truths; i++) {
        const double s = signed_at(score, z, score->truth[i].of, t);
        if (fabs(s) >= (c >= 400.0 ? 6.0 * c : 5.0 * c)) {
            continue;
        }
        zone->near++;
        if (score->match[i] < 0) {
            zone->untracked++;
            continue;
        }
        const double p = p_of(score, z, &score->track[score->match[i]], &hard);
        count_p(zone, p, hard, s > 0.0 ? 1.0 : 0.0);
    }
    for (size_t j = 0; j < score->tracks; j++) {
        if (!is_given(score, j) &&
            !(score->truths > 0 && horizontal(score, nearest_to(score, j), j) < c)) {
            zone->false_p += p_of(score, z, &score->track[j], &hard);
        }
    }
}

/* ---------------------------------------------------------------------------------- crossings */

/* A stay inside that truly was. */
struct stay {
    size_t truth;
    double in, out, depth;
    bool detected;
    double latency, error; /* NaN: not said */
};

struct stays {
    size_t count;
    struct stay *at;
};

static void add_stay(struct score *score, struct stays *stays, size_t zone, size_t truth, double in,
                     double out, double until)
{
    const struct skyh_flown *const flown = &score->scene->truth[truth];
    const double *const s = score->inside_m[zone * score->scene->truth_count + truth];
    double depth = -HUGE_VAL;
    struct stay *const grown = realloc(stays->at, (stays->count + 1) * sizeof *grown);
    if (grown == NULL) {
        score->failed = true;
        return;
    }
    for (size_t i = 0; i < flown->count; i++) {
        if (flown->row[i].t >= in && flown->row[i].t <= until) {
            depth = fmax(depth, s[i]);
        }
    }
    stays->at = grown;
    grown[stays->count++] = (struct stay){
        truth, in, out, depth > -HUGE_VAL ? depth : 0.0, false, (double)NAN, (double)NAN};
}

static double crossing(const struct skyh_path_row *a, const struct skyh_path_row *b, double from,
                       double to)
{
    return a->t + (0.0 - from) / (to - from) * (b->t - a->t);
}

static void find_stays(struct score *score, size_t zone, struct stays *stays)
{
    for (size_t k = 0; k < score->scene->truth_count; k++) {
        const struct skyh_flown *const flown = &score->scene->truth[k];
        const double *const s = score->inside_m[zone * score->scene->truth_count + k];
        double in = (double)NAN;
        for (size_t i = 1; i < flown->count; i++) {
            const struct skyh_path_row *const row = &flown->row[i];
            if (s[i - 1] <= 0.0 && s[i] > 0.0) {
                in = crossing(row - 1, row, s[i - 1], s[i]);
            }
            if (s[i - 1] > 0.0 && s[i] <= 0.0) {
                const double out = crossing(row - 1, row, s[i - 1], s[i]);
                if (isfinite(in)) {
                    add_stay(score, stays, zone, k, in, out, out);
                }
                in = (double)NAN;
            }
        }
        const double last = flown->row[flown->count - 1].t;
        if (isfinite(in) && last > in) {
            add_stay(score, stays, zone, k, in, last + 1.0, last);
        }
    }
    size_t kept = 0; /* those that began just before the end are not asked for */
    for (size_t i = 0; i < stays->count; i++) {
        if (stays->at[i].in < score->scene->t1 - 5.0) {
            stays->at[kept++] = stays->at[i];
        }
    }
    stays->count = kept;
}

/* The truth that a track was given at about t; -1. */
static long truth_at(const struct score *score, double t, size_t track)
{
    for (int i = 0; i <= 2 * NEAR_S; i++) {
        const int off = i % 2 == 1 ? (i + 1) / 2 : -(i / 2);
        const double second = nearbyint(t) + off - score->first_s;
        if (second >= 0.0 && second < (double)score->grid &&
            score->match_at[track * score->grid + (size_t)second] >= 0) {
            return score->match_at[track * score->grid + (size_t)second];
        }
    }
    return -1;
}

/* Counts of one zone's declarations. */
struct verdicts {
    size_t false_enter, no_truth, again;
};

static void judge_entry(const struct score *score, size_t zone, struct stays *stays, double t,
                        size_t track, double t_event, struct verdicts *verdicts)
{
    const long truth = truth_at(score, t, track);
    if (truth < 0) {
        verdicts->false_enter++;
        verdicts->no_truth++;
        return;
    }
    for (size_t i = 0; i < stays->count; i++) {
        struct stay *const stay = &stays->at[i];
        if (stay->truth == (size_t)truth && stay->in - declared_tolerance_s <= t &&
            t <= stay->out + declared_tolerance_s) {
            verdicts->again += stay->detected ? 1 : 0;
            stay->latency = stay->detected ? stay->latency : t - stay->in;
            stay->error = stay->detected ? stay->error : t_event - stay->in;
            stay->detected = true;
            return;
        }
    }
    verdicts->false_enter += signed_at(score, zone, (size_t)truth, t) > 0.0 ? 0 : 1;
}

/* A declaration and when: they are judged in their order. */
struct entry {
    double t, t_event;
    size_t track, order;
};

static int by_entry(const void *a, const void *b)
{
    const struct entry *const x = a, *const y = b;
    if (x->t < y->t || x->t > y->t) {
        return x->t < y->t ? -1 : 1;
    }
    return x->order < y->order ? -1 : 1;
}

static void add_entry(struct score *score, struct entry **entries, size_t *count, double t,
                      double t_event, size_t track)
{
    struct entry *const grown = realloc(*entries, (*count + 1) * sizeof *grown);
    if (grown == NULL) {
        score->failed = true;
        return;
    }
    *entries = grown;
    grown[*count] = (struct entry){t, t_event, track, *count};
    (*count)++;
}

/* The entries that were declared, or that P(inside) would declare. */
static void find_entries(struct score *score, size_t zone, struct entry **entries, size_t *count)
{
    const struct skyh_scene *const scene = score->scene;
    for (size_t i = 0; i < scene->declared_count; i++) {
        const struct skyh_declared *const said = &scene->declared[i];
        size_t track = 0;
        while (track < scene->track_count && strcmp(scene->track[track].id, said->track_id) != 0) {
            track++;
        }
        if (said->zone == zone && said->enter) {
            add_entry(score, entries, count, said->t, said->t_event, track);
        }
    }
    for (size_t k = 0; k < scene->track_count && !scene->has_events; k++) {
        const struct skyh_flown *const flown = &scene->track[k];
        bool inside = false;
        for (size_t i = 0; i < flown->count; i++) {
            double hard = 0.0;
            const double p = p_of(score, zone, &(struct shown){.of = k, .row = i}, &hard);
            if (p >= p_high && !inside) {
                add_entry(score, entries, count, flown->row[i].t_out, (double)NAN, k);
            }
            inside = p >= p_high || (inside && !(p <= p_low));
        }
    }
    if (*count > 0) {
        qsort(*entries, *count, sizeof **entries, by_entry);
    }
}

/* -------------------------------------------------------------------------------------- words */

static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static void set(json_t *object, const char *key, double value)
{
    (void)json_object_set_new(object, key, number(value));
}

static void set_count(json_t *object, const char *key, size_t value)
{
    (void)json_object_set_new(object, key, json_integer((json_int_t)value));
}

static double ratio(double a, double b) { return a / fmax(1.0, b); }

static json_t *by_depth(const struct stays *stays, bool missed)
{
    size_t count[3] = {0, 0, 0};
    for (size_t i = 0; i < stays->count; i++) {
        const double depth = stays->at[i].depth;
        if ((!missed || !stays->at[i].detected) && depth >= 0.0) {
            count[depth < 100.0 ? 0 : (depth < 500.0 ? 1 : 2)]++;
        }
    }
    return json_pack("[I, I, I]", (json_int_t)count[0], (json_int_t)count[1], (json_int_t)count[2]);
}

static void tell_crossings(struct score *score, size_t z, double hours, json_t *out)
{
    struct stays stays = {0};
    struct entry *entries = NULL;
    struct verdicts verdicts = {0};
    struct list latency = {0}, error = {0};
    size_t count = 0;
    find_stays(score, z, &stays);
    find_entries(score, z, &entries, &count);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].track < score->scene->track_count) {
            judge_entry(score, z, &stays, entries[i].t, entries[i].track, entries[i].t_event,
                        &verdicts);
        } else {
            verdicts.false_enter++;
            verdicts.no_truth++;
        }
    }
    for (size_t i = 0; i < stays.count; i++) {
        const struct stay *const stay = &stays.at[i];
        score->failed = (stay->detected && !put(&latency, stay->latency)) ||
                        (isfinite(stay->error) && !put(&error, stay->error)) || score->failed;
    }
    set_count(out, "episodes", stays.count);
    set_count(out, "detected", latency.count);
    (void)json_object_set_new(out, "episodes_by_depth", by_depth(&stays, false));
    (void)json_object_set_new(out, "missed_by_depth", by_depth(&stays, true));
    set(out, "lat_median", quantile_of(&latency, 0.5));
    set(out, "lat_p90", quantile_of(&latency, 0.9));
    set_count(out, "false_enter", verdicts.false_enter);
    set_count(out, "false_enter_no_truth", verdicts.no_truth);
    set(out, "false_enter_per_h", (double)verdicts.false_enter / hours);
    set_count(out, "duplicates", verdicts.again);
    if (error.count > 0) {
        set(out, "t_event_rmse", rms_of(&error));
        set_count(out, "t_event_n", error.count);
    }
    free(stays.at);
    free(entries);
    free(latency.at);
    free(error.at);
}

static void tell_reliability(const struct calibration *zone, double count, json_t *out)
{
    json_t *const bins = json_array();
    double ece = 0.0;
    for (int b = 0; b < BINS; b++) {
        const double n = (double)zone->count[b];
        if (zone->count[b] > 0) {
            (void)json_array_append_new(bins, json_pack("[f, I, f, f]", b / (double)BINS,
                                                        (json_int_t)zone->count[b], zone->p[b] / n,
                                                        zone->truth[b] / n));
            ece += fabs(zone->p[b] - zone->truth[b]);
        }
    }
    (void)json_object_set_new(out, "reliability", bins);
    set(out, "ece", ece / count);
}

static void tell_inside(const struct calibration *zone, double hours, json_t *out)
{
    double count = 0.0;
    for (int b = 0; b < BINS; b++) {
        count += (double)zone->count[b];
    }
    set_count(out, "n_near", zone->near);
    set(out, "untracked_frac", ratio((double)zone->untracked, (double)zone->near));
    if (count > 0.0) {
        const double climate = zone->truths / count;
        set(out, "brier", zone->brier / count);
        set(out, "brier_hard", zone->brier_hard / count);
        set(out, "brier_climatology", climate * (1.0 - climate));
        set(out, "logloss", zone->log_loss / count);
        tell_reliability(zone, count, out);
        set(out, "p>=.95_true",
            zone->high > 0 ? (double)zone->high_true / (double)zone->high : (double)NAN);
        set(out, "p<=.05_true",
            zone->low > 0 ? (double)zone->low_true / (double)zone->low : (double)NAN);
        set(out, "undecided_frac", (count - (double)zone->high - (double)zone->low) / count);
    }
    set(out, "false_track_sum_p_per_h", zone->false_p / 60.0 / hours);
}

/* Bounds of a mean of squares of n normal numbers, 95 of 100 times (Wilson, Hilferty 1931). */
static double bound(double n, double sign)
{
    return pow(1.0 - 2.0 / (9.0 * n) + sign * 1.959964 * sqrt(2.0 / (9.0 * n)), 3.0);
}

static void tell_nees(struct score *score, json_t *out)
{
    static const char *const share[] = {"50", "95", "99"};
    static const double median[NEES] = {1.3863, 2.3660, 5.3481};
    for (int n = 0; n < NEES; n++) {
        struct list *const nees = &score->nees[n], *const block = &score->block[n];
        char key[32];
        if (nees->count == 0) {
            continue;
        }
        (void)snprintf(key, sizeof key, "anees%d", dof[n]);
        set(out, key, mean_of(nees) / dof[n]);
        for (int q = 0; q < 3; q++) {
            size_t within = 0;
            for (size_t i = 0; i < nees->count; i++) {
                within += nees->at[i] < chi2[n][q] ? 1 : 0;
            }
            (void)snprintf(key, sizeof key, "cover%d_%s", dof[n], share[q]);
            set(out, key, (double)within / (double)nees->count);
        }
        qsort(block->at, block->count, sizeof *block->at, by_value);
        size_t blocks = 1;
        for (size_t i = 1; i < block->count; i++) {
            blocks += block->at[i] > block->at[i - 1] ? 1 : 0;
        }
        (void)snprintf(key, sizeof key, "anees%d_blocks", dof[n]);
        set_count(out, key, blocks);
        (void)snprintf(key, sizeof key, "anees%d_bounds", dof[n]);
        const double all = (double)blocks * dof[n];
        (void)json_object_set_new(out, key, json_pack("[f, f]", bound(all, -1.0), bound(all, 1.0)));
        (void)snprintf(key, sizeof key, "anees%d_med", dof[n]);
        set(out, key, quantile_of(nees, 0.5) / median[n]);
    }
}

static void tell_sets(struct score *score, double hours, json_t *out)
{
    const double seconds = (double)score->gospa.count;
    set(out, "gospa_rms", rms_of(&score->gospa));
    set(out, "gospa_mean", mean_of(&score->gospa));
    set(out, "gospa_loc_rms", sqrt(mean_of(&score->loc)));
    set(out, "missed_per_frame", mean_of(&score->missed));
    set(out, "false_per_frame", mean_of(&score->false_tracks));
    set(out, "loc_err_rms",
        sqrt(ratio(mean_of(&score->loc) * seconds, mean_of(&score->assigned) * seconds)));
    set(out, "ospa_mean", mean_of(&score->ospa));
    set(out, "siap_completeness", ratio((double)score->n_truths_assoc, (double)score->n_truth));
    set(out, "siap_ambiguity", ratio((double)score->n_assoc, (double)score->n_truths_assoc));
    set(out, "siap_spurious",
        ratio((double)(score->n_track - score->n_assoc), (double)score->n_track));
    set(out, "siap_pos_acc", ratio(score->distance_sum, (double)score->n_assoc));
    set_count(out, "id_switches", score->switches);
    set_count(out, "fragments", score->fragments);
    set(out, "hours", hours);
    set(out, "false_track_min_per_h", mean_of(&score->false_tracks) * seconds / 60.0 / hours);
    if (score->error.count > 0) {
        set(out, "rmse_h", rms_of(&score->error));
        set(out, "p95_h", quantile_of(&score->error, 0.95));
        set(out, "rmse_v", rms_of(&score->error_up));
        set(out, "rmse_vel", rms_of(&score->error_v));
    }
    if (score->existences > 0) {
        set(out, "exist_brier", score->existence2 / (double)score->existences);
    }
}

static json_t *tell(struct score *score)
{
    const double hours = (score->scene->t1 - score->scene->t0) / 3600.0;
    json_t *const out = json_object();
    tell_sets(score, hours, out);
    tell_nees(score, out);
    for (size_t z = 0; z < score->scene->zone_count; z++) {
        char key[SKYH_SCENE_NAME_MAX + 8];
        json_t *const zone = json_object();
        tell_inside(&score->zone[z], hours, zone);
        tell_crossings(score, z, hours, zone);
        (void)snprintf(key, sizeof key, "zone_%s", score->scene->zone[z].name);
        (void)json_object_set_new(out, key, zone);
    }
    return out;
}

/* -------------------------------------------------------------------------------------- whole */

static bool make_room(struct score *score)
{
    const struct skyh_scene *const scene = score->scene;
    const size_t n = scene->truth_count + 1, m = scene->track_count + 1;
    score->truth = calloc(n, sizeof *score->truth);
    score->track = calloc(m, sizeof *score->track);
    score->distance = calloc(5 * n * m, sizeof *score->distance);
    score->match = calloc(2 * (n + m), sizeof *score->match);
    score->kept = calloc(n, sizeof *score->kept);
    score->gap = calloc(n, sizeof *score->gap);
    score->match_at = calloc(m * (score->grid + 1), sizeof *score->match_at);
    score->inside_m = calloc(n * (scene->zone_count + 1), sizeof *score->inside_m);
    score->zone = calloc(scene->zone_count + 1, sizeof *score->zone);
    if (score->truth == NULL || score->track == NULL || score->distance == NULL ||
        score->match == NULL || score->kept == NULL || score->gap == NULL ||
        score->match_at == NULL || score->inside_m == NULL || score->zone == NULL) {
        return false;
    }
    score->cost = score->distance + n * m;
    score->east = score->cost + n * m;
    score->north = score->east + n * m;
    score->up = score->north + n * m;
    score->given = score->match + n + m;
    for (size_t i = 0; i < n; i++) {
        score->kept[i] = -1;
    }
    for (size_t i = 0; i < m * (score->grid + 1); i++) {
        score->match_at[i] = -1;
    }
    return true;
}

static bool measure_truths(struct score *score)
{
    const struct skyh_scene *const scene = score->scene;
    for (size_t z = 0; z < scene->zone_count; z++) {
        for (size_t k = 0; k < scene->truth_count; k++) {
            const struct skyh_flown *const flown = &scene->truth[k];
            double *const s = calloc(flown->count + 1, sizeof *s);
            score->inside_m[z * scene->truth_count + k] = s;
            for (size_t i = 0; i < flown->count && s != NULL; i++) {
                s[i] = skyh_polygon_signed(&scene->zone[z].true_line, flown->row[i].lat_deg,
                                           flown->row[i].lon_deg);
            }
            if (s == NULL) {
                return false;
            }
        }
    }
    return true;
}

static void run(struct score *score)
{
    for (size_t second = 0; second < score->grid; second++) {
        const double t = score->first_s + (double)second;
        find_truths(score, t);
        find_tracks(score, t);
        find_distances(score);
        leave_out(score);
        count_set_distances(score);
        count_siap(score);
        find_matches(score);
        take_matches(score, t, second);
        for (size_t z = 0; z < score->scene->zone_count; z++) {
            count_inside(score, t, z);
        }
    }
}

static void free_all(struct score *score)
{
    struct list *const lists[] = {
        &score->gospa,    &score->loc,      &score->ospa,     &score->missed,  &score->false_tracks,
        &score->assigned, &score->error,    &score->error_up, &score->error_v, &score->block[0],
        &score->block[1], &score->block[2], &score->nees[0],  &score->nees[1], &score->nees[2]};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        free(lists[i]->at);
    }
    for (size_t i = 0;
         score->inside_m != NULL && i < score->scene->zone_count * score->scene->truth_count; i++) {
        free(score->inside_m[i]);
    }
    free(score->truth);
    free(score->track);
    free(score->distance);
    free(score->match);
    free(score->kept);
    free(score->gap);
    free(score->match_at);
    free(score->inside_m);
    free(score->zone);
    free(score);
}

struct json_t *skyh_score(const struct skyh_scene *scene)
{
    struct score *const score = calloc(1, sizeof *score);
    json_t *out = NULL;
    if (score == NULL) {
        return NULL;
    }
    score->scene = scene;
    score->first_s = ceil(scene->t0);
    score->grid = (size_t)fmax(0.0, floor(scene->t1 + 1e-9 - score->first_s) + 1.0);
    if (make_room(score) && measure_truths(score)) {
        run(score);
        out = tell(score);
    }
    if (score->failed) {
        json_decref(out);
        out = NULL;
    }
    free_all(score);
    return out;
}
