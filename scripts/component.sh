#!/usr/bin/env bash
# Builds the component and puts it at dist/mattermost-provider.wasm. Called by `make component`.
#
# It needs the standard library of wasm32-wasip2. The ordinary way is rustup's; where its server is out of reach, Debian's
# packages of the compiler and of the library's sources serve, from which `core` and `alloc` are built.
set -euo pipefail
cd "$(dirname "$0")/.."

target=wasm32-wasip2
out=${CARGO_TARGET_DIR:-target}
build=(-p mattermost-provider --lib --crate-type cdylib --profile component --target "$target")

has_target() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]
}

# Tried once for a target folder and not on every build: without its server rustup hangs until the limit.
try_rustup() {
    local tried="$out/.rustup-target-tried"
    if ! command -v rustup >/dev/null || [ -e "$tried" ]; then
        return 1
    fi
    mkdir -p "$out" && touch "$tried"
    echo "component: installing the target $target with rustup" >&2
    timeout "${RUSTUP_TIMEOUT:-120}" rustup target add "$target" >&2
}

install_debian_rust() {
    if [ ! -x /usr/bin/rustc ] || [ ! -d /usr/src/rustc-"$(/usr/bin/rustc --version | cut -d' ' -f2)" ]; then
        echo "component: installing rustc-web and rust-web-src from Debian" >&2
        local sudo=
        [ "$(id -u)" = 0 ] || sudo=sudo
        $sudo apt-get update -q >&2
        $sudo apt-get install -y -q --no-install-recommends rustc-web rust-web-src >&2
    fi
}

build_with_debian_rust() {
    local tools
    tools="$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin"
    PATH="$tools:$tools/gcc-ld:$PATH" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS= cargo rustc "${build[@]}" \
        -Zbuild-std=core,alloc -Zbuild-std-features=compiler-builtins-mem
}

if has_target || { try_rustup && has_target; }; then
    cargo rustc "${build[@]}"
else
    echo "component: rustup has no $target, so Debian's compiler is used" >&2
    install_debian_rust
    build_with_debian_rust
fi

mkdir -p dist
cp "$out/$target/component/mattermost_provider.wasm" dist/mattermost-provider.wasm.new
mv dist/mattermost-provider.wasm.new dist/mattermost-provider.wasm
echo "component: dist/mattermost-provider.wasm, $(wc -c <dist/mattermost-provider.wasm) bytes" >&2
