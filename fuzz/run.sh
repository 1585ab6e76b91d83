#!/usr/bin/env bash
# Runs fuzz targets one after another and prints what each of them reached.
#
#   fuzz/run.sh [seconds] [target…]     600 seconds, every target
#
# Exits with 1 if a target has found something, with 2 if a tool is missing. CARGO_TARGET_DIR is honoured.
set -uo pipefail
cd "$(dirname "$0")"

missing() {
    echo "$1 is missing: $2" >&2
    exit 2
}
command -v cargo >/dev/null || missing "cargo" "install Rust from https://rustup.rs"
cargo +nightly --version >/dev/null 2>&1 || missing "the nightly toolchain" "rustup toolchain install nightly --profile minimal"
cargo fuzz --version >/dev/null 2>&1 || missing "cargo-fuzz" "cargo install cargo-fuzz --locked"
command -v c++ >/dev/null || missing "a C++ compiler" "apt-get install g++"

seconds=600
if [ $# -gt 0 ]; then
    seconds=$1
    shift
fi
case $seconds in '' | *[!0-9]* | 0) missing "a number of seconds" "fuzz/run.sh [seconds] [target…]" ;; esac
targets=("$@")
if [ $# -eq 0 ]; then mapfile -t targets < <(cargo +nightly fuzz list); fi

mkdir -p logs
if ! cargo +nightly fuzz build >logs/build.log 2>&1; then
    cat logs/build.log >&2
    exit 2
fi

findings=0
printf '%-12s %12s %9s %7s %7s  %s\n' target runs exec/s cov corpus finding
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target" "artifacts/$target"
    log=logs/$target.log
    cargo +nightly fuzz run "$target" "corpus/$target" "seeds/$target" -- \
        -max_total_time="$seconds" -dict=json.dict -max_len=8192 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        >"$log" 2>&1
    status=$?
    # The last line that the fuzzer wrote about its state, such as: #524288 pulse cov: 812 ft: 3021 corp: 402/51Kb …
    line=$(grep -aE '^#[0-9]+.* cov: ' "$log" | tail -n 1)
    of() { sed -nE "s/.* $1: *([0-9]+).*/\1/p" <<<"$line"; }
    stat() { sed -nE "s/^stat::$1: *([0-9]+)$/\1/p" "$log" | tail -n 1; }
    finding=none
    if [ $status -ne 0 ]; then
        findings=$((findings + 1))
        finding=$(grep -aoE 'artifacts/[^ ]+/(crash|leak|oom|slow-unit|timeout)-[0-9a-f]+' "$log" | tail -n 1)
        finding="${finding:-status $status}, see fuzz/$log"
    fi
    printf '%-12s %12s %9s %7s %7s  %s\n' "$target" "$(stat number_of_executed_units)" \
        "$(stat average_exec_per_sec)" "$(of cov)" "$(of corp)" "$finding"
done
[ $findings -eq 0 ]
