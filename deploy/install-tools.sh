#!/bin/sh
# Installs what the service needs and does not have: a C compiler and Node.js to build, and PostgreSQL's programs to run.
# With the argument "browser" also what the tests of the pages need: Chromium and its driver.
set -eu

say() { printf '%s\n' "$*"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else say "This needs root: $*"; exit 1
    fi
}

apt_install() {
    if ! command -v apt-get >/dev/null; then
        say "Please install by your system's means: $*"
        exit 1
    fi
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

if ! command -v cargo >/dev/null; then
    say "Rust is missing: install it with rustup, then run make again."
    exit 1
fi

if ! command -v cc >/dev/null; then
    say "Installing build-essential: parts of the service are built with a C compiler."
    apt_install build-essential
fi

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    say "Installing nodejs and npm: they build the part of the pages that runs in the browser."
    apt_install nodejs npm
fi
if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)'; then
    say "Node.js $(node --version) is too old: install 18 or newer, then run make again."
    exit 1
fi

if [ "${1:-}" = browser ] && { ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; }; then
    say "Installing chromium and chromium-driver: the tests of the pages use a real browser."
    apt_install chromium chromium-driver
fi

has_postgres() {
    for folder in /usr/lib/postgresql/*/bin $(printf '%s' "$PATH" | tr ':' ' '); do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && return 0
    done
    return 1
}

has_contrib() {
    ls /usr/share/postgresql/*/extension/hstore.control >/dev/null 2>&1 ||
        { command -v pg_config >/dev/null && [ -f "$(pg_config --sharedir)/extension/hstore.control" ]; }
}

if ! has_postgres || ! has_contrib; then
    say "Installing postgresql with contrib: the service keeps everything in a Postgres server of its own, and runs that"
    say "server itself. No system-wide server is started."
    if [ ! -e /etc/postgresql-common/createcluster.conf ] && command -v apt-get >/dev/null; then
        as_root mkdir -p /etc/postgresql-common
        printf 'create_main_cluster = false\n' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    apt_install postgresql postgresql-contrib
fi
