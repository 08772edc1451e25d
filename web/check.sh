#!/bin/sh
# Builds GraphiQL and the audits from the lock in a temporary folder and compares the results with the committed files.
set -eu

web=$(cd "$(dirname "$0")" && pwd)
root=$web/..
page=server/static/graphiql
audits=tests/server/graphql_over_http

if ! command -v npm >/dev/null 2>&1; then
    if [ -n "${CI:-}" ]; then
        echo "web/check.sh: FAILED: npm is missing, and CI must compare the built files." >&2
        exit 1
    fi
    echo "web/check.sh: SKIPPED: npm is missing; $page and $audits are NOT compared with web/." >&2
    exit 0
fi

if grep -nE '://' "$web/package-lock.json" >&2; then
    echo "web/check.sh: FAILED: package-lock.json names a host; run \`npm run lock\` in web/." >&2
    exit 1
fi

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -R "$web/.npmrc" "$web/package.json" "$web/package-lock.json" "$web/vite.config.js" \
    "$web/vite.audits.config.js" "$web/src" "$web/audits" "$copy"
cd "$copy"
npm ci --ignore-scripts --loglevel=error
npm run --silent build:page -- --outDir "$copy/$page" --logLevel warn
npm run --silent build:audits -- --outDir "$copy/$audits" --logLevel warn

for built in "$page" "$audits"; do
    if ! diff -rq "$root/$built" "$copy/$built" >&2; then
        echo "web/check.sh: FAILED: $built is not what web/ builds;" \
            "run \`npm ci && npm run build\` in web/ and commit the result." >&2
        exit 1
    fi
done
echo "web/check.sh: $page and $audits are exactly what web/ builds."
