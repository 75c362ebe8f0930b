#!/bin/sh
# Usage: modules.sh FOLDER
# Installs npm's @mcap/core and protobufjs into a folder, once. Exit 77, and why, if that cannot be.
set -eu
here=$(dirname "$0")
mkdir -p "$1"
cp "$here/package.json" "$1"
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    echo "skipped: no npm and node here"
    exit 77
fi
cd "$1"
if ! cmp -s package.json installed.json; then
    if ! npm install --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
        --fetch-retries=0 --fetch-timeout=30000 --loglevel=error >npm.log 2>&1; then
        echo "skipped: npm cannot install @mcap/core and protobufjs:"
        tail -n 5 npm.log
        exit 77
    fi
    cp package.json installed.json
fi
