#include "sky_geo.h"

#include "sky_math.h"

static const double semi_major_m = SKY_WGS84_A_M;
static const double semi_minor_m = SKY_WGS84_A_M * (1.0 - SKY_WGS84_F);
static const double e2 = SKY_WGS84_E2;

bool sky_geo_valid(const struct sky_lla *place)
{
    return sky_abs(place->lat_rad) <= SKY_PI / 2.0 && sky_abs(place->lon_rad) <= SKY_PI &&
           place->alt_hae_m >= -1000.0 && place->alt_hae_m <= 100.0e3;
}

struct sky_ecef sky_geo_to_ecef(const struct sky_lla *place)
{
    double sin_lat, cos_lat, sin_lon, cos_lon;
    sky_sincos(place->lat_rad, &sin_lat, &cos_lat);
    sky_sincos(place->lon_rad, &sin_lon, &cos_lon);
    const double normal_m = semi_major_m / sky_sqrt(1.0 - e2 * sin_lat * sin_lat);
    const double axis_m = (normal_m + place->alt_hae_m) * cos_lat; /* distance from the axis */
    return (struct sky_ecef){
        axis_m * cos_lon,
        axis_m * sin_lon,
        (normal_m * (1.0 - e2) + place->alt_hae_m) * sin_lat,
    };
}

/*
 * Bowring's formula (Survey Review 181, 1976), repeated: each round makes the error of the reduced
 * latitude some hundred times smaller at 100 km and more below, so three leave nothing. Sine and
 * cosine are kept as a normalised pair; no round needs an angle.
 */
struct sky_lla sky_geo_from_ecef(const struct sky_ecef *place)
{
    const double axis_m = sky_sqrt(place->x_m * place->x_m + place->y_m * place->y_m);
    double up = place->z_m * semi_major_m, out = axis_m * semi_minor_m; /* reduced latitude */
    for (int round = 0; round < 3; round++) {
        const double size = sky_sqrt(up * up + out * out);
        const double sin_reduced = up / size, cos_reduced = out / size;
        const double lift_m = e2 / (1.0 - e2) * semi_minor_m * sin_reduced * sin_reduced;
        const double pull_m = e2 * semi_major_m * cos_reduced * cos_reduced;
        up = semi_minor_m * (place->z_m + lift_m * sin_reduced);
        out = semi_major_m * (axis_m - pull_m * cos_reduced);
    }
    const double tan_up = up * semi_major_m, tan_out = out * semi_minor_m;
    const double size = sky_sqrt(tan_up * tan_up + tan_out * tan_out);
    const double sin_lat = tan_up / size, cos_lat = tan_out / size;
    return (struct sky_lla){
        .lat_rad = sky_atan2(tan_up, tan_out),
        .lon_rad = sky_atan2(place->y_m, place->x_m),
        .alt_hae_m = (axis_m * cos_lat + place->z_m * sin_lat) -
                     semi_major_m * sky_sqrt(1.0 - e2 * sin_lat * sin_lat),
    };
}

void sky_geo_axes_at(double lat_rad, double lon_rad, double ret_rot[3][3])
{
    double sin_lat, cos_lat, sin_lon, cos_lon;
    sky_sincos(lat_rad, &sin_lat, &cos_lat);
    sky_sincos(lon_rad, &sin_lon, &cos_lon);
    const double rot[3][3] = {{0.0 - sin_lon, cos_lon, 0.0},
                              {0.0 - sin_lat * cos_lon, 0.0 - sin_lat * sin_lon, cos_lat},
                              {cos_lat * cos_lon, cos_lat * sin_lon, sin_lat}};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            ret_rot[i][j] = rot[i][j];
        }
    }
}

enum sky_status sky_geo_frame_init(struct sky_geo_frame *ret_frame, const struct sky_lla *origin)
{
    if (!sky_geo_valid(origin)) {
        return SKY_E_RANGE;
    }
    ret_frame->origin = *origin;
    ret_frame->origin_ecef = sky_geo_to_ecef(origin);
    sky_geo_axes_at(origin->lat_rad, origin->lon_rad, ret_frame->rot);
    return SKY_OK;
}

struct sky_enu sky_geo_to_enu(const struct sky_geo_frame *frame, const struct sky_lla *place)
{
    const struct sky_ecef ecef = sky_geo_to_ecef(place);
    const double x_m = ecef.x_m - frame->origin_ecef.x_m;
    const double y_m = ecef.y_m - frame->origin_ecef.y_m;
    const double z_m = ecef.z_m - frame->origin_ecef.z_m;
    return (struct sky_enu){
        frame->rot[0][0] * x_m + frame->rot[0][1] * y_m + frame->rot[0][2] * z_m,
        frame->rot[1][0] * x_m + frame->rot[1][1] * y_m + frame->rot[1][2] * z_m,
        frame->rot[2][0] * x_m + frame->rot[2][1] * y_m + frame->rot[2][2] * z_m,
    };
}

static double column(const struct sky_geo_frame *frame, int axis, const struct sky_enu *enu)
{
    return frame->rot[0][axis] * enu->east_m + frame->rot[1][axis] * enu->north_m +
           frame->rot[2][axis] * enu->up_m;
}

struct sky_lla sky_geo_from_enu(const struct sky_geo_frame *frame, const struct sky_enu *place)
{
    const struct sky_ecef ecef = {
        frame->origin_ecef.x_m + column(frame, 0, place),
        frame->origin_ecef.y_m + column(frame, 1, place),
        frame->origin_ecef.z_m + column(frame, 2, place),
    };
    return sky_geo_from_ecef(&ecef);
}

void sky_geo_rotation(const struct sky_geo_frame *from, const struct sky_geo_frame *to,
                      double ret_rot[3][3])
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            ret_rot[i][j] = to->rot[i][0] * from->rot[j][0] + to->rot[i][1] * from->rot[j][1] +
                            to->rot[i][2] * from->rot[j][2];
        }
    }
}

struct sky_geo_radii sky_geo_radii_at(double lat_rad)
{
    double sin_lat, cos_lat;
    sky_sincos(lat_rad, &sin_lat, &cos_lat);
    const double square = 1.0 - e2 * sin_lat * sin_lat;
    const double normal_m = semi_major_m / sky_sqrt(square);
    return (struct sky_geo_radii){
        .north_m = normal_m * (1.0 - e2) / square,
        .east_m = normal_m * cos_lat,
    };
}

double sky_geo_refraction_rad(double slant_range_m, double elevation_rad)
{
    return slant_range_m * sky_cos(elevation_rad) / (8.0 * semi_major_m);
}
