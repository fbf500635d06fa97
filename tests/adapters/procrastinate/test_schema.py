"""The job tables that our migrations make are those of the installed library."""

from importlib.resources import files
from pathlib import Path

import psycopg
from procrastinate.schema import SchemaManager

from adapters.settings import Settings

OURS = "0140_procrastinate.sql"
NEWEST = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
"""The newest schema migration of the library that ours have applied; a newer one needs one more file of ours."""


def test_our_migration_has_the_librarys_schema() -> None:
    """Word for word; when this fails after an upgrade, write the library's newer files as further migrations."""
    ours = files("adapters.migrations").joinpath(OURS).read_text("utf-8")
    assert SchemaManager.get_schema().strip() in ours
    assert max(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql")) == NEWEST


def test_the_app_role_may_not_empty_the_job_tables(settings: Settings) -> None:
    """It may do what a worker does; TRUNCATE is the owner's."""
    with psycopg.connect(settings.postgres_url) as connection:
        allowed = connection.execute(
            f"SELECT has_table_privilege('{settings.schema_name}.procrastinate_jobs', 'TRUNCATE')"
        ).fetchone()
    assert allowed == (False,)
