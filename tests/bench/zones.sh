#!/bin/sh
# zones.sh BUILD: where a place is from a border line, beside GEOS, on Natural Earth's Algeria and on
# that of OpenStreetMap, which has 42,013 vertices (29,043 of them where the one before is).
set -eu
build=$1
borders=../shared/data/borders/poly

skip() { printf '\nzones: skipped, %s\n' "$1"; exit 0; }

[ -f $borders/osm2025_geotz_DZA.geojson ] || skip "../shared/data/borders is not there"
[ -x "$build/tests/bench_zones" ] || skip "libgeos-dev or libproj-dev is not there"

cat <<'END'

places against a border line, one thread, 9 rounds of 10,000: inside or not, nearest point, metres
(goals: GEOS times 3; along a flight, with the last edge as a hint, times 10; P(inside) 200,000 per s
on the long line; load below 20 ms, memory below 4 MiB)

per s      the core by processor time, median of the rounds, and best
GEOS       prepared polygon and line of GEOS' C API, metres by PROJ's geodesic of the point it names
ratio      median over the rounds, in each of which both answer the same points in turn
farther    by how much that point is farther than the core's at most; apart: not the same side
load       from the bytes of a zone file, with hash, check and index; GEOS: its two indices alone

END
taskset -c 0 "$build/tests/bench_zones" $borders/ne10m_worldatlas_DZA.geojson \
    $borders/osm2025_geotz_DZA.geojson
