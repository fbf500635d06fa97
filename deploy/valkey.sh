#!/bin/sh
# Starts Valkey with a user for each process (docs/security/privileges.md). The passwords come from the environment, and go
# into a file instead of onto the command line, which others on the machine see.
set -eu
umask 077
conf="${VALKEY_CONF:-/tmp/valkey.conf}"
cat >"$conf" <<CONF
requirepass $VALKEY_PASSWORD
appendonly yes
appendfsync everysec
save ""
CONF
eval "cat >>\"$conf\" <<USERS
$(grep '^user ' "${CAMPUSLOG_USERS:-/etc/campuslog/valkey.users}")
USERS"
exec valkey-server "$conf" "$@"
