#!/usr/bin/env bash
# Looks for misspelt words in everything that git holds and a person wrote. codespell comes from the Python registry, into the
# target folder.
set -euo pipefail
cd "$(dirname "$0")/.."

version=2.4.3
folder=${CARGO_TARGET_DIR:-target}/codespell-$version
program=$folder/bin/codespell

if [ ! -x "$program" ]; then
    echo "codespell $version is installed into $folder" >&2
    rm -rf "$folder"
    if ! { python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --disable-pip-version-check "codespell==$version"; }; then
        echo "codespell is missing: python3 with its venv module installs it (apt-get install python3-venv)" >&2
        exit 1
    fi
fi

# Recorded answers are real servers', seeds are damaged on purpose. The words are names in the code, and texts of tests.
git ls-files -z -- . ':!tests/recorded' ':!fuzz/seeds' ':!*/snapshots/*' ':!*Cargo.lock' ':!*.wasm' ':!LICENSE-*' ':!*/deps/*' |
    xargs -0 "$program" --ignore-words-list wit,te,fro,atmost,atleast,ser,abd,wronly,hastable,flate,nulll
