"""docs/security/privileges.md, made from a database: what each process may do there."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import psycopg

from adapters.postgres.ops.granting import has_process_roles
from adapters.postgres.ops.privileges import ROLES, ROW_OWNER, grants, in_database, sections, wanted
from adapters.settings import Settings

HEAD = """\
# What each process may do in the database, NATS and Valkey

A process that is broken into can do what its role may. So each has a role of its own, with the rights that its code
uses; `adapters/postgres/ops/privileges.py` is the table of them, `campus migrate` grants it, `campus doctor` compares,
and a test tries what must fail. This page is made from a database by `campus privileges --markdown`.

Facts are written by `append_events()` alone, which runs with the owner's rights: no process may INSERT, UPDATE, DELETE
or TRUNCATE in `events`, `log_head`, `event_tags` or `idempotency`, or be a member of the owner. Personal data is sealed
with keys in `person_keys`; a process without a right to that table sees sealed texts only. The dispatcher forgets what
proves who a person is (erasure), and cannot read it: it sees the columns by which it finds the rows.
"""
ONE_URL = """
## A campus with one URL for all

Where `CAMPUS_POSTGRES_URL` is the same for all processes, they share the rights of that role, which may also do nothing
to facts but append. `campus doctor` says so. To give each its own: stop the campus; as a superuser, in its database,
run `adapters/embedded/roles.sql`, then `adapters/embedded/analyst.sql`, and give each role that logs in a password
(`deploy/postgres-roles.sh` does both on a new server); set `CAMPUS_POSTGRES_OWNER_URL` to `campus_migrator`, type
`campus migrate`, and set the `CAMPUS_POSTGRES_URL` of each process as `compose.yaml` does. `campus up` does all of it
for its own server at the next start.
"""
OTHERS = (("NATS", "nats.users"), ("Valkey", "valkey.users"))
MEANING = {
    "campus_owner": "owns the log and all tables here; nothing logs in as it",
    "campus_migrator": "acts as the owner; for `campus migrate` and the change of master keys only",
    "campus_app": "the operator at the command line, with the rights of all processes",
    "campus_api": "the API",
    "campus_relay": "the relay, and the notary",
    "campus_projector": "the projector; owns the rows of read models and the analysts' views",
    "campus_reactor": "the reactor",
    "campus_dispatcher": "the dispatcher",
    "campus_auditor": "the auditor: compares rows with the log, and folds read models as of a moment",
    "campus_analyst": "analysts: reads the views of docs/analytics.md, and nothing else",
}
ATTRIBUTES = """
SELECT rolname, rolcanlogin, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,
       coalesce((SELECT string_agg(granted.rolname, ', ' ORDER BY granted.rolname) FROM pg_auth_members
                   JOIN pg_roles AS granted ON granted.oid = roleid WHERE member = pg_roles.oid), '')
  FROM pg_roles WHERE rolname = ANY(%s)
"""
ON_ROWS = """
SELECT rolname, string_agg(privilege_type, ', ' ORDER BY privilege_type)
  FROM pg_default_acl CROSS JOIN LATERAL aclexplode(defaclacl) JOIN pg_roles ON pg_roles.oid = grantee
 WHERE defaclnamespace = %s::regnamespace AND defaclrole = %s::regrole AND grantee <> defaclrole GROUP BY rolname
"""


class NoProcessRoles(Exception):
    """The server has one role for all processes."""

    def __init__(self) -> None:
        super().__init__("this server has one role for all processes: docs/security/privileges.md says what to do")


def page_of(settings: Settings) -> str:
    """The page, from the database of a campus; raises NoProcessRoles."""
    with _connected(settings) as connection:
        return page(connection, settings)


def differences(settings: Settings) -> list[str]:
    """The statements that `campus migrate` would say, since roles have other rights; raises NoProcessRoles."""
    with _connected(settings) as connection:
        there, table = in_database(connection, settings), wanted()
    return list(grants(table - there, there - table))


@contextmanager
def _connected(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(settings.postgres_url, autocommit=True) as connection:
        if not has_process_roles(connection):
            raise NoProcessRoles
        yield connection


def page(connection: psycopg.Connection[Any], settings: Settings) -> str:
    """The page, from the database that *connection* leads to."""
    return "\n".join([HEAD, *_roles(connection), *_rights(connection, settings), ONE_URL, *_others()])


def _others() -> Iterator[str]:
    """The users of the other servers, as their configuration has them."""
    for server, file in OTHERS:
        yield f"## Users of {server}\n\n```"
        yield files("adapters.embedded").joinpath(file).read_text("utf-8") + "```\n"


def _roles(connection: psycopg.Connection[Any]) -> Iterator[str]:
    found = {row[0]: row[1:] for row in connection.execute(ATTRIBUTES, [list(MEANING)]).fetchall()}
    yield "## Roles\n\n| role | | logs in | has the rights of | superuser, or may make roles |"
    yield "| --- | --- | --- | --- | --- |"
    for role, meaning in MEANING.items():
        logs_in, powerful, of = found[role]
        yield f"| `{role}` | {meaning} | {_yes(logs_in)} | {of} | {_yes(powerful)} |"
    yield "\n`campus_migrator` has no right of the owner before it says SET ROLE, which its sessions begin with.\n"


def _rights(connection: psycopg.Connection[Any], settings: Settings) -> Iterator[str]:
    rights: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for right in in_database(connection, settings):
        name = right.name + "()" * (right.kind == "FUNCTION")
        word = f"{right.word} ({right.part})" if right.part else right.word
        rights[name, right.role].append(word)
    for heading, lines in sections():
        yield f"## {heading.capitalize()}\n\n| | {' | '.join(each.removeprefix('campus_') for each in ROLES)} |"
        yield f"| --- |{' --- |' * len(ROLES)}"
        for name, _ in lines:
            yield f"| `{name}` | {' | '.join(', '.join(sorted(rights.pop((name, role), []))) for role in ROLES)} |"
        yield ""
    rows = dict(connection.execute(ON_ROWS, [settings.read_schema, ROW_OWNER]).fetchall()) | {ROW_OWNER: "owner"}
    yield "## Rows of read models\n\nIn a schema of their own (`campus_NAME_read`), which the projector owns:"
    yield "; ".join(f"`{role}` {what}" for role, what in sorted(rows.items())) + "."
    yield "\n## Everything else\n"
    yield "\n".join(f"`{name}` {role}: {', '.join(words)}" for (name, role), words in rights.items()) or "No rights."


def _yes(value: bool) -> str:  # noqa: FBT001
    return "yes" if value else "no"
