#!/usr/bin/env bash
# Counts the instructions of host and guest for one listing, with callgrind: the same however busy the machine is, to a
# hundredth or so, since answers arrive in pieces of changing size. The server runs in a process of its own.
#
#   bench/instructions.sh [users] [component]     2000 users, dist/mattermost-provider.wasm
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 2; }
users=${1:-2000}
component=${2:-dist/mattermost-provider.wasm}
out=${CARGO_TARGET_DIR:-target}
# One small test is asked for too, as in the Makefile.
cargo build --quiet --release --locked --workspace --bin providerctl --example one_listing --test recorded

work=$(mktemp -d)
"$out/release/providerctl" simulate --users "$users" --port 0 >"$work/server" &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
until grep -q '^ *admin' "$work/server"; do sleep 0.1; done
url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' "$work/server" | head -n 1)
ACCESS_TOKEN=$(sed -nE 's/^ *admin *([a-z0-9]+).*/\1/p' "$work/server" | head -n 1)
export ACCESS_TOKEN
valgrind --tool=callgrind --callgrind-out-file="$work/out" --toggle-collect='*listed*' \
    "$out/release/examples/one_listing" "$component" "$url" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
total=$(sed -nE 's/.*Collected : ([0-9]+).*/\1/p' "$work/log")
echo "$total instructions, $((total / users)) a user"
