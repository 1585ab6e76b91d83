#!/usr/bin/env bash
# Builds the components of tests/components and puts them into dist/tests. Called by `make components`.
. "$(dirname "$0")/wasm.sh"

wasm_cargo build --manifest-path tests/components/Cargo.toml --examples
for source in tests/components/examples/*.rs; do
    name=$(basename "$source" .rs)
    publish "$built/examples/$name.wasm" "dist/tests/$name.wasm"
done
echo "components: $(ls dist/tests/*.wasm | wc -l) in dist/tests" >&2
