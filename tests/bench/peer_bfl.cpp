/*
 * peer_bfl DATA...: the benchmark's peer, the extended Kalman filter of the Bayesian Filtering
 * Library (Debian's liborocos-bfl-dev) over the same plots.
 *
 * It is told which plot is whose (plots_key.csv) and never sees one that is nobody's. One model,
 * constant velocity in a flat frame about the radar; range, azimuth, elevation and radial speed at
 * once. What it leaves out is most of a tracker: association, existence, models of manoeuvre,
 * clutter, zones. So it says what one filter step costs in a library's general matrices, and is no
 * judgement of accuracy. Plots are read before the clock starts.
 */
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <bfl/filter/extendedkalmanfilter.h>
#include <bfl/model/analyticmeasurementmodel_gaussianuncertainty.h>
#include <bfl/model/linearanalyticsystemmodel_gaussianuncertainty.h>
#include <bfl/pdf/analyticconditionalgaussian_additivenoise.h>
#include <bfl/pdf/linearanalyticconditionalgaussian.h>

using MatrixWrapper::ColumnVector;
using MatrixWrapper::Matrix;
using MatrixWrapper::SymmetricMatrix;

namespace
{

const double rad = 3.14159265358979323846 / 180.0;
const double speed_sigma_mps = 120.0;
const double noise_m2ps3 = 2.0;
const int rounds = 7;

struct Plot {
    std::string whose;
    double t;
    double z[4]; // range, azimuth, elevation, radial speed
    double sigma[4];
};

// What a radar at the origin measures of (east, north, up, and their rates).
class Radar : public BFL::AnalyticConditionalGaussianAdditiveNoise
{
  public:
    explicit Radar(const BFL::Gaussian &noise)
        : BFL::AnalyticConditionalGaussianAdditiveNoise(noise, 1)
    {
    }
    ColumnVector ExpectedValueGet() const override
    {
        const ColumnVector &x = ConditionalArgumentGet(0);
        const double ground = std::hypot(x(1), x(2)), range = std::hypot(ground, x(3));
        ColumnVector z(4);
        z(1) = range;
        z(2) = std::atan2(x(1), x(2));
        z(3) = std::atan2(x(3), ground);
        z(4) = (x(1) * x(4) + x(2) * x(5) + x(3) * x(6)) / range;
        return z;
    }
    Matrix dfGet(unsigned int) const override
    {
        const ColumnVector &x = ConditionalArgumentGet(0);
        const double ground = std::hypot(x(1), x(2)), range = std::hypot(ground, x(3));
        const double radial = (x(1) * x(4) + x(2) * x(5) + x(3) * x(6)) / range;
        Matrix h(4, 6);
        h = 0.0;
        for (int i = 1; i <= 3; i++) {
            h(1, i) = x(i) / range;
            h(4, i) = (x(3 + i) - radial * x(i) / range) / range;
            h(4, 3 + i) = x(i) / range;
        }
        h(2, 1) = x(2) / (ground * ground);
        h(2, 2) = -x(1) / (ground * ground);
        h(3, 1) = -x(1) * x(3) / (range * range * ground);
        h(3, 2) = -x(2) * x(3) / (range * range * ground);
        h(3, 3) = ground / (range * range);
        return h;
    }
};

BFL::Gaussian gaussian(int dimension)
{
    ColumnVector mean(dimension);
    mean = 0.0;
    SymmetricMatrix covariance(dimension);
    covariance = 0.0;
    for (int i = 1; i <= dimension; i++) {
        covariance(i, i) = 1.0;
    }
    return BFL::Gaussian(mean, covariance);
}

// One aircraft: starts where its first plot was.
struct Track {
    double t;
    BFL::Gaussian prior;
    std::unique_ptr<BFL::ExtendedKalmanFilter> filter;

    explicit Track(const Plot &plot) : t(plot.t), prior(gaussian(6))
    {
        const double range = plot.z[0], cos_el = std::cos(plot.z[2]);
        const double unit[3] = {std::sin(plot.z[1]) * cos_el, std::cos(plot.z[1]) * cos_el,
                                std::sin(plot.z[2])};
        const double spread = std::fmax(plot.sigma[0], range * plot.sigma[2]);
        ColumnVector mean(6);
        SymmetricMatrix covariance(6);
        covariance = 0.0;
        for (int i = 0; i < 3; i++) {
            mean(1 + i) = range * unit[i];
            mean(4 + i) = plot.z[3] * unit[i];
            covariance(1 + i, 1 + i) = spread * spread;
            covariance(4 + i, 4 + i) = speed_sigma_mps * speed_sigma_mps;
        }
        prior.ExpectedValueSet(mean);
        prior.CovarianceSet(covariance);
        filter.reset(new BFL::ExtendedKalmanFilter(&prior));
        filter->AllocateMeasModel(4);
    }
};

// The two models, set anew for every plot.
struct Models {
    Matrix transition;
    SymmetricMatrix noise;
    SymmetricMatrix sigma2;
    ColumnVector z;
    BFL::LinearAnalyticConditionalGaussian moves;
    BFL::LinearAnalyticSystemModelGaussianUncertainty system;
    Radar sees;
    BFL::AnalyticMeasurementModelGaussianUncertainty measurement;

    Models()
        : transition(6, 6), noise(6), sigma2(4), z(4), moves(identity(), gaussian(6)),
          system(&moves), sees(gaussian(4)), measurement(&sees)
    {
        transition = identity();
        noise = 0.0;
        sigma2 = 0.0;
    }
    static Matrix identity()
    {
        Matrix one(6, 6);
        one = 0.0;
        for (int i = 1; i <= 6; i++) {
            one(i, i) = 1.0;
        }
        return one;
    }
    void move(double dt)
    {
        for (int i = 1; i <= 3; i++) {
            transition(i, 3 + i) = dt;
            noise(i, i) = noise_m2ps3 * dt * dt * dt / 3;
            noise(i, 3 + i) = noise_m2ps3 * dt * dt / 2;
            noise(3 + i, i) = noise(i, 3 + i);
            noise(3 + i, 3 + i) = noise_m2ps3 * dt;
        }
        system.ASet(transition);
        moves.AdditiveNoiseSigmaSet(noise);
    }
    // The azimuth on the side of the circle where the aircraft, last at x, is expected.
    void see(const Plot &plot, const ColumnVector &x)
    {
        const double dt = transition(1, 4);
        const double expected = std::atan2(x(1) + dt * x(4), x(2) + dt * x(5));
        for (int i = 0; i < 4; i++) {
            z(1 + i) = plot.z[i];
            sigma2(1 + i, 1 + i) = plot.sigma[i] * plot.sigma[i];
        }
        const double turn = 360.0 * rad;
        z(2) += turn * std::round((expected - z(2)) / turn);
        sees.AdditiveNoiseSigmaSet(sigma2);
    }
};

std::vector<Plot> read_plots(const std::string &data)
{
    std::ifstream plots(data + "/plots.csv"), keys(data + "/plots_key.csv");
    std::string line, key;
    std::vector<Plot> found;
    std::getline(plots, line);
    std::getline(keys, key);
    while (std::getline(plots, line) && std::getline(keys, key)) {
        std::istringstream fields(line);
        std::string field;
        std::vector<double> value;
        while (std::getline(fields, field, ',')) {
            value.push_back(value.size() == 2 ? 0.0 : std::stod(field)); // 2: the sensor's name
        }
        const Plot plot = {key.substr(key.find(',') + 1),
                           value[0],
                           {value[3], value[4] * rad, value[5] * rad, value[6]},
                           {value[7], value[8] * rad, value[9] * rad, value[10]}};
        if (!plot.whose.empty()) {
            found.push_back(plot);
        }
    }
    return found;
}

double processor_s()
{
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Outcome {
    double seconds;
    size_t updates;
    double residual_m; // root of the mean squared residual in range: small only if it follows
};

Outcome track_all(const std::vector<Plot> &plots, const std::vector<size_t> &of, size_t count)
{
    std::vector<std::unique_ptr<Track>> tracks(count);
    Models models;
    Outcome out = {0.0, 0, 0.0};
    const double begin_s = processor_s();
    for (size_t i = 0; i < plots.size(); i++) {
        if (!tracks[of[i]]) {
            tracks[of[i]].reset(new Track(plots[i]));
            continue;
        }
        Track &track = *tracks[of[i]];
        models.move(plots[i].t - track.t);
        models.see(plots[i], track.filter->PostGet()->ExpectedValueGet());
        track.filter->Update(&models.system, &models.measurement, models.z);
        const ColumnVector &x = track.filter->PostGet()->ExpectedValueGet();
        const double range = std::sqrt(x(1) * x(1) + x(2) * x(2) + x(3) * x(3));
        out.residual_m += (plots[i].z[0] - range) * (plots[i].z[0] - range);
        out.updates++;
        track.t = plots[i].t;
    }
    out.seconds = processor_s() - begin_s;
    out.residual_m = std::sqrt(out.residual_m / static_cast<double>(out.updates));
    return out;
}

} // namespace

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const std::vector<Plot> plots = read_plots(argv[i]);
        std::map<std::string, size_t> index;
        std::vector<size_t> of;
        for (const Plot &plot : plots) {
            of.push_back(index.emplace(plot.whose, index.size()).first->second);
        }
        Outcome best = track_all(plots, of, index.size());
        for (int round = 1; round < rounds; round++) {
            const Outcome out = track_all(plots, of, index.size());
            best = out.seconds < best.seconds ? out : best;
        }
        std::printf("%.0f plots/s, best of %d rounds (%zu updates of %zu aircraft; residual in "
                    "range %.0f m)\n",
                    static_cast<double>(best.updates) / best.seconds, rounds, best.updates,
                    index.size(), best.residual_m);
    }
    return 0;
}
