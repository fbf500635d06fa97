"""Tests get copies of one migrated campus (tests/support/servers.py): each is what the migrations make."""

import re
import subprocess
import uuid
from urllib.parse import urlsplit

import pytest

from adapters.embedded.postgres import binary
from adapters.postgres.ops.migrate import migrate
from adapters.settings import Settings
from tests.support.servers import Servers

pytestmark = pytest.mark.processes
DIFFERS = re.compile(r"^\\(un)?restrict .*$|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*\+00", re.MULTILINE)
"""What differs between any two campuses: pg_dump's own marks, and when each migration was applied."""


def dumped(servers: Servers, settings: Settings) -> str:
    """The schemas of a campus as SQL, with rows and rights; its name is taken out."""
    database = urlsplit(settings.postgres_url).path.removeprefix("/")
    command = [binary("pg_dump"), f"--schema={settings.schema_name}*", servers.superuser(database)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return DIFFERS.sub("", done.stdout.replace(settings.name, "NAME"))


def test_a_copy_is_what_migrations_make(servers: Servers, settings: Settings) -> None:
    """Tables, functions, rows and rights are the same, but for the name; migrating finds nothing to do."""
    made = servers.settings(f"t{uuid.uuid4().hex[:12]}")
    migrate(made)
    copied = dumped(servers, settings)
    assert copied.count("CREATE TABLE") > 50
    assert copied == dumped(servers, made)
    assert migrate(settings) == []
