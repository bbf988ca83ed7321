#!/bin/bash
# Does what that of Docker's postgres image does, as far as one who connects can tell.
set -euo pipefail

if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown -R postgres:postgres "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi

# The setting $1, or the content of the file in $1_FILE.
setting() {
    local file="${1}_FILE"
    if [ -n "${!file:-}" ]; then cat "${!file}"; else printf '%s' "${!1:-}"; fi
}

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=$(setting POSTGRES_USER)
    user=${user:-postgres}
    database=$(setting POSTGRES_DB)
    database=${database:-$user}
    password=$(setting POSTGRES_PASSWORD)
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "$password" ] && [ "$method" != trust ]; then
        echo "Error: Database is uninitialized and superuser password is not specified." >&2
        exit 1
    fi
    # In the container itself, initdb trusts everybody.
    initdb -D "$PGDATA" -U "$user" --pwfile=<(printf '%s\n' "${password:-unused}") \
        --no-sync -E UTF8 --locale=C
    printf 'host all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
    printf "listen_addresses = '*'\nfsync = off\n" >>"$PGDATA/postgresql.conf"
    if [ "$database" != postgres ]; then
        postgres --single -D "$PGDATA" postgres <<<"CREATE DATABASE \"$database\"" >/dev/null
    fi
fi

exec "$@"
