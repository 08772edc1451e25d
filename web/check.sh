#!/bin/sh
# Builds GraphiQL from the lock in a temporary folder and compares the result with the committed files.
set -eu

web=$(cd "$(dirname "$0")" && pwd)
committed=$web/../server/static/graphiql

if ! command -v npm >/dev/null 2>&1; then
    if [ -n "${CI:-}" ]; then
        echo "web/check.sh: FAILED: npm is missing, and CI must compare the built GraphiQL files." >&2
        exit 1
    fi
    echo "web/check.sh: SKIPPED: npm is missing; server/static/graphiql is NOT compared with web/." >&2
    exit 0
fi

if grep -nE '://' "$web/package-lock.json" >&2; then
    echo "web/check.sh: FAILED: package-lock.json names a host; run \`npm run lock\` in web/." >&2
    exit 1
fi

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -R "$web/.npmrc" "$web/package.json" "$web/package-lock.json" "$web/vite.config.js" "$web/src" "$copy"
cd "$copy"
npm ci --ignore-scripts --loglevel=error
npm run --silent build -- --outDir "$copy/built" --logLevel warn

if ! diff -rq "$committed" "$copy/built" >&2; then
    echo "web/check.sh: FAILED: server/static/graphiql is not what web/ builds;" \
        "run \`npm ci && npm run build\` in web/ and commit the result." >&2
    exit 1
fi
echo "web/check.sh: server/static/graphiql is exactly what web/ builds."
