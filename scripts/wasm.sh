# How components are built, for the scripts that source this; the folder is that of the workspace then.
#
# It needs the standard library of wasm32-wasip2. The ordinary way is rustup's; where its server is out of reach, Debian's
# packages of the compiler and of the library's sources serve, from which `core` and `alloc` are built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=wasm32-wasip2
out=${CARGO_TARGET_DIR:-target}
built=$out/$target/component

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

# wasm_cargo COMMAND ARGUMENT...: runs cargo for the target, in the profile `component`.
wasm_cargo() {
    local command=("$@" --locked --profile component --target "$target" --target-dir "$out")
    if has_target || { try_rustup && has_target; }; then
        cargo "${command[@]}"
        return
    fi
    echo "component: rustup has no $target, so Debian's compiler is used" >&2
    install_debian_rust
    local tools
    tools="$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin"
    PATH="$tools:$tools/gcc-ld:$PATH" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS= cargo "${command[@]}" \
        -Zbuild-std=core,alloc -Zbuild-std-features=compiler-builtins-mem
}

# publish FILE PLACE: puts a built component at its place, whole or not at all.
publish() {
    mkdir -p "$(dirname "$2")"
    cp "$1" "$2.new"
    mv "$2.new" "$2"
}
