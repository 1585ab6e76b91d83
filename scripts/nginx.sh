#!/usr/bin/env bash
# Makes sure that the tests have an nginx, which `make nginx` calls. One that is there is taken as it is.
#
# Debian's package is unpacked into the target folder and not installed: its service would take port 80 of this machine.
# Only what it is linked with is installed, if that is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${CARGO_TARGET_DIR:-target}/nginx
program=$folder/usr/sbin/nginx

missing() {
    echo "nginx is missing, which the tests put in front of a server: $1" >&2
    echo "nginx: install it (apt-get install --no-install-recommends nginx) and stop its service, or put it on the PATH" >&2
    exit 1
}

# With HTTP/2 and TLS, which builds of one's own may lack.
is_usable() {
    local build
    build=$("$1" -V 2>&1) && [[ $build == *with-http_ssl_module* && $build == *with-http_v2_module* ]]
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# unpack PACKAGE: its files, without its scripts.
unpack() {
    (cd "$folder" && apt-get download -q "$1") >&2 && dpkg-deb -x "$folder/$1"_*.deb "$folder"
}

if [ ! -x "$program" ]; then
    for place in $(PATH="$PATH:/usr/sbin:/usr/local/sbin" type -aP nginx || true); do
        if is_usable "$place"; then exit 0; fi
    done
    command -v apt-get >/dev/null || missing "there is no apt-get to fetch it with"
    echo "nginx: unpacking Debian's package into $folder" >&2
    rm -rf "$folder" && mkdir -p "$folder"
    # Names of packages may be unknown until their lists are read, which only root may do.
    if ! apt-get download --print-uris nginx >/dev/null 2>&1; then
        as_root apt-get update -q >&2 || missing "apt-get update failed"
    fi
    # In some releases the package of the name holds nothing, and the program is in the other.
    for package in nginx nginx-core; do
        [ -x "$program" ] || unpack "$package" || true
    done
    [ -x "$program" ] || missing "apt-get download nginx failed"
fi
if ! is_usable "$program"; then
    libraries=$(dpkg-deb -f "$(ls "$folder"/*.deb | tail -n 1)" Depends | tr ',' '\n' | sed -E 's/^ +//; s/[ (|].*//' | grep '^lib')
    # shellcheck disable=SC2086
    as_root apt-get install -y -q --no-install-recommends $libraries >&2 || missing "its libraries could not be installed"
    is_usable "$program" || missing "the one of Debian's package does not run"
fi
