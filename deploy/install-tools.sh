#!/bin/sh
# Installs what the service needs and does not have: a C compiler to build, and PostgreSQL's programs to run.
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
