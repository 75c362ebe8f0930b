#!/bin/sh
# journal.sh BUILD: what sealing, reading, verifying and committing the log costs.
set -eu
build=$1
[ -x "$build/tests/bench_journal" ] || { echo "journal: skipped, SQLite is not there"; exit 0; }
folder=$(mktemp -d "$build/journal.XXXXXX")
trap 'rm -rf "$folder"' EXIT
printf '\nthe log\n'
taskset -c 0 "$build/tests/bench_journal" "$folder"
