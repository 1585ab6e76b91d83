#!/usr/bin/env bash
# Opens reports of simulated servers in Chromium, which `make test` calls after the command is built.
#
#   scripts/browser.sh             checks that they need no script and no network, and that axe finds no serious fault
#   scripts/browser.sh pictures    writes the pictures in docs/
#
# Chromium and Node are Debian's, and are installed if they are missing. The two libraries go into the target folder, in the
# versions of tests/browser/package-lock.json.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
command=$target/release/providerctl
folder=$target/browser

missing() {
    echo "browser: $1" >&2
    echo "browser: install chromium, nodejs and npm (apt-get install --no-install-recommends chromium nodejs npm)" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# needs PROGRAM PACKAGE: installs the package if there is no such program.
needs() {
    if command -v "$1" >/dev/null; then return; fi
    command -v apt-get >/dev/null || missing "$1 is missing, and there is no apt-get to install it with"
    echo "browser: installing Debian's $2" >&2
    as_root apt-get install -y -q --no-install-recommends "$2" >&2 ||
        { as_root apt-get update -q >&2 && as_root apt-get install -y -q --no-install-recommends "$2" >&2; } ||
        missing "$2 could not be installed"
}

needs chromium chromium
needs node nodejs
needs npm npm

mkdir -p "$folder"
cp tests/browser/* "$folder/"
if ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.of"; then
    npm ci --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts >&2 || missing "the libraries could not be installed"
    cp "$folder/package-lock.json" "$folder/node_modules/.of"
fi

servers=()
stop() {
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
}
trap stop EXIT

# report NAME TOKEN SIMULATE-OPTION…: a report of a simulated server, by the token of this name. Prints where it is.
report() {
    local name=$1 token=$2 url
    shift 2
    "$command" simulate --port 0 "$@" >"$folder/$name.server" &
    servers+=($!)
    until grep -q '^try ' "$folder/$name.server"; do sleep 0.1; done
    url=$(awk '$1 == "url" { print $2 }' "$folder/$name.server")
    TOKEN=$(awk -v token="$token" '$1 == token { print $2 }' "$folder/$name.server") \
        "$command" report --out "$folder/$name.html" --set "server_url=$url" --set listing=pages --secret access_token=env:TOKEN 2>"$folder/$name.said" ||
        [ $? = 3 ] || { cat "$folder/$name.said" >&2; exit 1; }
    reports+=("$folder/$name.html")
}

export PROVIDERCTL_COMPONENT=${PROVIDERCTL_COMPONENT:-dist/mattermost-provider.wasm}
reports=()
if [ "${1:-}" = pictures ]; then
    report pictures admin --users 3000
    node "$folder/report.mjs" "$(command -v chromium)" --pictures docs "${reports[0]}"
    exit
fi
# Renamed, an account goes to the beginning of the list, so that each change gets another one. The licence is read first of all.
hostile=()
for number in $(seq 10); do
    for name in "<script>alert($number)</script>" "\"onload=\"alert($number)" "<img src=x onerror=alert($number)>"; do
        hostile+=(--change "rename=140:$name,on=/license")
    done
done
report complete admin --users 150 "${hostile[@]}"
grep -q '&#60;script&#62;alert(' "$folder/complete.html" || { echo "browser: the report has no hostile name, so nothing would be tried" >&2; exit 1; }
report hidden guest --users 60 --no-statuses --hide-email
report unlicensed admin --users 40 --license unlicensed
node "$folder/report.mjs" "$(command -v chromium)" "${reports[@]}"
