#!/usr/bin/env bash
# Runs the component's allocator, its list of ids and its JSON reader under Miri, which sees what unsafe code
# must not do and no test notices: memory that is read beyond its end, after it was freed, or before it was written, and
# memory that is never freed. Miri is a hundred times slower than the machine, so properties get fewer cases.
#
#   scripts/miri.sh [seconds]     3600 at most
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo +nightly miri --version >/dev/null 2>&1; then
    rustup component add miri rust-src --toolchain nightly ||
        { echo "Miri is missing: rustup toolchain install nightly --component miri --component rust-src" >&2; exit 2; }
fi

# The properties draw random numbers, and look at the clock.
export MIRIFLAGS="-Zmiri-disable-isolation" PROPTEST_CASES=8
timeout "${1:-3600}" cargo +nightly miri test --locked -p provider-sdk --lib -- guest::heap json:: seen::
