/**
 * skyh_score: how far tracks are from what truly flew.
 *
 * Every second truths and tracks are held against each other, horizontally. A track row holds for
 * 1.5 s, moved on by its own velocity. Truths outside of every sensor's coverage are not asked for,
 * and tracks nearest to one are not held against anyone.
 *
 * GOSPA: p 2, alpha 2, with its parts (Rahmathullah, Garcia-Fernandez, Svensson, 20th International
 * Conference on Information Fusion, 2017). SIAP: many tracks to one truth, within the cut-off.
 * Errors, NEES and P(inside) are of the track that a truth was given and keeps while it is near.
 * Errors of one flight are alike for a while: bounds of ANEES count blocks of 30 s, not seconds.
 * P(inside) is judged near the line only (5 cut-offs, 6 if it is 400 m or more), and false tracks
 * count as outside. A declared entry is right within 3 s of a stay inside.
 */
#ifndef SKYH_SCORE_H
#define SKYH_SCORE_H

#include <stdbool.h>
#include <stddef.h>

#include "skyh_scene.h"

struct json_t;

/**
 * Least total cost of giving min(n, m) rows (of n) a column (of m) each: ret_column[i] of row i, -1
 * if it has none. cost is n by m, by rows. False without memory.
 */
bool skyh_score_assign(const double *cost, size_t n, size_t m, long *ret_column);

/** Owns: an object with every figure. NULL without memory. */
struct json_t *skyh_score(const struct skyh_scene *scene);

#endif
