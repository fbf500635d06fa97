#!/bin/sh
# The roles of a campus, one for each process (docs/security/privileges.md), with the passwords of POSTGRES_…_PASSWORD.
# A new server runs it by itself. Run it again, then `campus migrate`, on an older server, and to replace passwords.
set -eu
sql="${CAMPUSLOG_SQL:-/etc/campuslog}"
superuser() { psql --quiet --set ON_ERROR_STOP=1 --username postgres --dbname campus "$@"; }
superuser --file "$sql/roles.sql" --file "$sql/analyst.sql"
for role in migrator app api relay projector reactor dispatcher auditor analyst; do
    variable="POSTGRES_$(echo "$role" | tr '[:lower:]' '[:upper:]')_PASSWORD"
    superuser <<SQL
\\getenv password $variable
ALTER ROLE campus_$role PASSWORD :'password';
SQL
done
