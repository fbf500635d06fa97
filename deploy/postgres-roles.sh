#!/bin/sh
# The two roles of a campus: the owner of the schema, for migrations, and the one that the API and the workers use.
set -eu
psql --set ON_ERROR_STOP=1 --set owner="$POSTGRES_OWNER_PASSWORD" --set app="$POSTGRES_APP_PASSWORD" \
    --username postgres --dbname campus <<'SQL'
CREATE ROLE campus_owner LOGIN PASSWORD :'owner';
CREATE ROLE campus_app LOGIN PASSWORD :'app';
ALTER DATABASE campus OWNER TO campus_owner;
SQL
