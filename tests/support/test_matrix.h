/**
 * test_matrix: how far an error lies from zero in units of its covariance, and whether that is one.
 */
#ifndef TEST_MATRIX_H
#define TEST_MATRIX_H

#include <math.h>
#include <stdint.h>

enum { TEST_DIMENSION_MAX = 32 };

/**
 * e' P^-1 e, by Cholesky, of the first `dimension` rows and columns of a matrix whose rows are
 * `stride` numbers long. Negative if that part of P is not finite and positive.
 */
static inline double test_distance2(const double *p, uint32_t stride, const double *error,
                                    uint32_t dimension)
{
    static double root[TEST_DIMENSION_MAX][TEST_DIMENSION_MAX];
    double white[TEST_DIMENSION_MAX], sum = 0.0;
    for (uint32_t i = 0; i < dimension; i++) {
        white[i] = error[i];
        for (uint32_t j = 0; j <= i; j++) {
            double s = p[i * stride + j];
            for (uint32_t k = 0; k < j; k++) {
                s -= root[i][k] * root[j][k];
            }
            if (j < i) {
                root[i][j] = s / root[j][j];
                white[i] -= root[i][j] * white[j];
            } else if (s > 0.0 && isfinite(s)) {
                root[i][i] = sqrt(s);
            } else {
                return -1.0;
            }
        }
        white[i] /= root[i][i];
        sum += white[i] * white[i];
    }
    return sum;
}

#endif
