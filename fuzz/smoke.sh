#!/usr/bin/env bash
# Every fuzz target replays its seeds and goes on for a fixed number of runs from a fixed seed: the same inputs each time.
# It finds what a change has broken; use fuzz/run.sh to find new faults.
#
#   fuzz/smoke.sh [runs]     1000 for each target, its seeds among them
#
# Stable Rust is enough. CARGO_TARGET_DIR is honoured. Findings are kept in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")"

command -v c++ >/dev/null || { echo "a C++ compiler is missing: apt-get install g++" >&2; exit 2; }
runs=${1:-1000}
case $runs in '' | *[!0-9]* | 0) echo "the number of runs is missing: fuzz/smoke.sh [runs]" >&2; exit 2 ;; esac

# What libFuzzer reads its coverage from. Flags for a named target leave build scripts alone.
export RUSTFLAGS="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
host=$(rustc -vV | sed -n 's/^host: //p')
built=$(realpath -m "${CARGO_TARGET_DIR:-../target}")/smoke
cargo build --quiet --release --locked --bins --target "$host" --target-dir "$built"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
findings=0
for source in fuzz_targets/*.rs; do
    target=$(basename "$source" .rs)
    mkdir -p "artifacts/$target" "$work/$target"
    # A run of minutes is endless; the timeout is long so that a slow machine is not a finding.
    if "$built/$host/release/$target" "$work/$target" "seeds/$target" -runs="$runs" -seed=1 -dict=json.dict -max_len=8192 \
        -timeout=600 -rss_limit_mb=2048 -artifact_prefix="artifacts/$target/" >"$work/log" 2>&1; then
        echo "$target: $(sed -nE 's/^Done ([0-9]+) runs.*/\1/p' "$work/log") runs"
    else
        findings=$((findings + 1))
        tail -n 40 "$work/log" >&2
        echo "$target: found something, see above and fuzz/artifacts/$target" >&2
    fi
done
[ $findings -eq 0 ]
