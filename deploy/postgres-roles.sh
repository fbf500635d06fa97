#!/bin/sh
# The roles of a campus: campus_owner for migrations, campus_app for the API and the workers, campus_analyst for analysts.
# On an older server without the analysts' role, run the second half by hand, then `campus migrate`.
set -eu
psql --set ON_ERROR_STOP=1 --set owner="$POSTGRES_OWNER_PASSWORD" --set app="$POSTGRES_APP_PASSWORD" \
    --username postgres --dbname campus <<'SQL'
CREATE ROLE campus_owner LOGIN PASSWORD :'owner';
CREATE ROLE campus_app LOGIN PASSWORD :'app';
ALTER DATABASE campus OWNER TO campus_owner;
SQL
psql --set ON_ERROR_STOP=1 --username postgres --dbname campus --file /etc/campuslog/analyst.sql
psql --set ON_ERROR_STOP=1 --set analyst="$POSTGRES_ANALYST_PASSWORD" --username postgres --dbname campus <<'SQL'
ALTER ROLE campus_analyst PASSWORD :'analyst';
SQL
