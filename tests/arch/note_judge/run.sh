#!/bin/sh
# run.sh WRITE_NOTES BUILD_DIR: notes and proofs of ours, checked by golang.org/x/mod (Debian:
# golang-go, golang-golang-x-mod-dev). Skipped (77) where that is missing.
set -eu
write_notes=$1
here=$(cd "$(dirname "$0")" && pwd)
dir=$2/note_judge
mod=/usr/share/gocode/src/golang.org/x/mod/sumdb/note

if ! command -v go >/dev/null || [ ! -d "$mod" ]; then
    echo "skipped: golang-go or golang-golang-x-mod-dev is not installed"
    exit 77
fi
mkdir -p "$dir/src"
"$write_notes" "$dir"
cp "$here/judge.go" "$dir/src/judge.go"
export GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$dir/cache" GOFLAGS=
[ -x "$dir/judge" ] && [ "$dir/judge" -nt "$here/judge.go" ] || (cd "$dir/src" && go build -o "$dir/judge" judge.go)
"$dir/judge" "$dir"
