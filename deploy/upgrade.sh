#!/usr/bin/env bash
# Bring one machine to the newest version: back up, take the code, migrate, load, restart, look.
#
#     deploy/upgrade.sh
#
# Run it as root on each machine in turn; the second finds the database migrated already. What it
# does by itself can be told to do otherwise:
#     ENV_FILE  the service's settings       (/etc/vram-calculator.env)
#     SITE_USER who runs the site            (vram)
#     BACKUPS   where the backup goes        (/var/backups/vram-calculator)
#     UPDATE    takes the new code           (git pull --ff-only)
#     INSTALL   installs what it depends on  (make install)
#     RESTART   restarts the service         (systemctl restart vram-calculator)
#     LOOK_AT   an address that has to answer 200 within a minute
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ENV_FILE=${ENV_FILE-/etc/vram-calculator.env}
SITE_USER=${SITE_USER-vram}
BACKUPS=${BACKUPS-/var/backups/vram-calculator}
UPDATE=${UPDATE-git pull --ff-only}
INSTALL=${INSTALL-make install}
RESTART=${RESTART-systemctl restart vram-calculator}

if [[ -n $ENV_FILE ]]; then
    set -a
    # shellcheck disable=SC1090
    . "$ENV_FILE"
    set +a
fi
LOOK_AT=${LOOK_AT-http://127.0.0.1:${PORT:-8000}/healthz}

as_site() {
    if [[ $EUID -eq 0 && -n $SITE_USER ]]; then runuser -u "$SITE_USER" -- "$@"; else "$@"; fi
}
manage() { as_site .venv/bin/python manage.py "$@"; }

before=$(git rev-parse --short HEAD)
mkdir -p "$BACKUPS"
[[ $EUID -ne 0 || -z $SITE_USER ]] || chown "$SITE_USER" "$BACKUPS"
backup=$BACKUPS/$(date -u +%Y%m%dT%H%M%SZ)-$before
manage backup "$backup"

go_back() {
    echo "Stopped half way. The version before and its data:" >&2
    echo "    git checkout $before && $INSTALL && .venv/bin/python manage.py restore $backup && $RESTART" >&2
    echo "Restore only if the new version wrote something wrong: it takes back later edits too." >&2
}
trap go_back ERR

$UPDATE
$INSTALL
# A migration takes the time that it needs; the running code of before goes on meanwhile.
DATABASE_STATEMENT_TIMEOUT_SECONDS=0 manage migrate --noinput
manage load_catalog
# What pages that are still open ask for stays.
manage collectstatic --noinput --verbosity 0
$RESTART

if [[ -n $LOOK_AT ]]; then
    host=${ALLOWED_HOSTS:-127.0.0.1}
    for _ in $(seq 60); do
        if curl --silent --fail --output /dev/null --header "Host: ${host%%,*}" "$LOOK_AT"; then
            echo "Upgraded from $before to $(git rev-parse --short HEAD). Backup: $backup"
            exit 0
        fi
        sleep 1
    done
    echo "$LOOK_AT does not answer." >&2
    go_back
    exit 1
fi
