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
export XDG_CACHE_HOME=$work
"$out/release/providerctl" simulate --users "$users" --port 0 >"$work/server" &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
until grep -q '^try ' "$work/server"; do sleep 0.1; done
url=$(sed -n 's/^url //p' "$work/server")
ACCESS_TOKEN=$(sed -n 's/^admin //p' "$work/server")
export ACCESS_TOKEN
# Compiles the component into the cache, for the processor that valgrind plays.
valgrind --tool=none "$out/release/examples/one_listing" "$component" "$url" >/dev/null 2>&1
valgrind --tool=callgrind --callgrind-out-file="$work/out" --toggle-collect='*listed*' \
    "$out/release/examples/one_listing" "$component" "$url" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
total=$(sed -nE 's/.*Collected : ([0-9]+).*/\1/p' "$work/log")
echo "$total instructions, $((total / users)) a user"
