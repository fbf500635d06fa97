"""
What each process may do in the database of a campus: the table, and what is there against it.

A process that is broken into can do what its role may, so each has only what its code does (docs/security/privileges.md
shows it as it stands in a database). Nothing here lets a process write facts: that is for `append_events()` alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from adapters.settings import Settings

ROLES = ("campus_api", "campus_relay", "campus_projector", "campus_reactor", "campus_dispatcher", "campus_auditor")
"""One for each process; the notary has that of the relay."""
ROW_OWNER = "campus_projector"
"""Owns the schemas of the read models' rows and of the analysts' views, and what is in them."""
ROW_READERS = ("campus_api", "campus_relay", "campus_dispatcher", "campus_auditor")
"""Read the rows of read models."""

WORDS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "X": "EXECUTE", "U": "USAGE"}
"""Rights by PostgreSQL's own letters."""

TABLE = """
                            api     relay   projector  reactor  dispatcher  auditor
the log
  log_head                  r       r       r          r        r           r
  events                    r       r       r          r        r           r
  event_log                 -       -       -          -        -           -
  event_tags                r       r       -          r        r           -
  idempotency               r       -       -          r        r           -
  snapshots                 r,a,w   -       -          r,a,w    r,a,w       -
  log_lives                 r       r       r          r        r           r
  log_blocks                -       -       r,a        -        -           r,a
  refused_commands          r,a     -       -          -        -           -
  append_events()           X       -       -          X        X           -
  append_about_read_models() -      -       X          -        -           -
  overtaking()              -       -       -          -        -           -
  forget_first_answers()    -       -       -          -        X           -
  forget_refused_commands() -       -       -          -        X           -
  migrations                -       -       -          -        -           -
persons
  person_keys               r,a     -       -          r,a      r,a         -
  campus_keys               r,a     -       -          r        r,a         -
  destroy_person_key()      -       -       -          -        X           -
  account_addresses         r,a,w,d -       -          -        r,w,d       -
  passwords                 r,a,w,d -       -          -        r(learner_id),d -
  sessions                  r,a,w,d -       -          -        r,d         -
  failed_logins             r,a,w,d -       -          -        r(since),d  -
  factors                   r,a,w,d -       -          -        r(learner_id),r(kind),r(last_step),r(made_at),d -
  recovery_codes            r,a,w,d -       -          -        r(learner_id),d -
  used_challenges           r,a,w,d -       -          -        r(until),d  -
  access_changes            r       -       -          -        r(at),d     -
  api_tokens                r,a,w,d -       -          -        r(learner_id),r(until),d -
  identities                r,a,w,d -       -          -        r(learner_id),d -
  authorization_requests    r,a,w,d -       -          -        r(until),d  -
  provider_sessions         r,a,d   -       -          -        r,d         -
  client_secrets            r,a,d   -       -          -        -           -
  note_access_change()      -       -       -          -        -           -
read models
  projections               r       r       r,a,w,d    -        r           r
  segments                  r       r       r,a,w,d    -        r           r
  generation_numbers        -       -       r,a,w      -        -           -
  parked                    r,w(requested) - r,a,w,d   -        -           r
  skipped                   r,a     -       r,a,w,d    -        -           r
  repairs                   -       -       r,a,w,d    -        -           -
  rebuilds                  r       -       r,a,w,d    -        -           -
  projection_jobs           r,a,w   -       r,w        -        -           -
  audits                    -       -       r,d        -        -           r,a,w
  audit_findings            -       -       r,d        -        -           r,a,w,d
  analytics_views           -       -       r,a,w,d    -        -           -
  rule_sources              r,a     -       r,a        r,a      -           -
  rules_served              r,a     -       r,a        r,a      -           -
  snapshots_of_read_models  r,w(used_at) -  -          -        -           r,a,w,d
  snapshot_chunks           r       -       -          -        -           r,a,w,d
  snapshot_parts            r       -       -          -        -           r,a,w,d
  folds_as_of               r,a,w   -       -          -        -           r,a,w,d
  begin_again()             -       -       X          -        -           -
workers
  workers                   r       r,a,w,d r,a,w,d    r,a,w,d  r,a,w,d     r,a,w,d
  reactors                  -       -       -          r,a,w    r,a,w       -
  failed_reactions          r,w(state),w(settled_at),w(settled_by),w(reason),w(next_try_at) - - r,a,w,d - -
  derived_jobs              r       -       -          -        r,a,w,d     -
  queued_jobs               r       -       -          -        r           -
  retry_failed_job()        X       -       -          -        -           -
  dismiss_failed_job()      X       -       -          -        -           -
  procrastinate_jobs        -       -       -          -        r,a,w,d     -
  procrastinate_workers     -       -       -          -        r,a,w,d     -
  procrastinate_events      -       -       -          -        r,a         -
  procrastinate_periodic_defers -   -       -          -        r,w         -
  procrastinate_jobs_id_seq -       -       -          -        U           -
  procrastinate_events_id_seq -     -       -          -        U           -
  procrastinate_periodic_defers_id_seq - -  -          -        -           -
  reconciliations           r       -       -          -        r,a,w,d     -
proofs
  proof_tiles               r       r,a,w,d -          -        -           -
  proof_tree                r       r,a,w   -          -        -           -
  dossiers                  r,a,w,d r,w,d   -          -        -           -
courses
  contents                  r,a,w,d -       -          -        r,d         -
  content_chunks            r,a,d   -       -          -        -           -
  attempt_files             r,a     -       -          -        -           -
  keep_attempt_file()       X       -       -          -        -           -
administration
  bulk_jobs                 r,a,w   -       -          -        r,w,d       -
  bulk_lines                r,a     -       -          -        r,w,d       -
  webhook_secrets           r,a,w,d -       -          -        r,d         -
  webhook_cursors           -       -       -          -        r,a,w,d     -
  webhook_deliveries        r       -       -          -        r,a,w,d     -
  webhook_attempts          r       -       -          -        r,a,d       -
  mail_attempts             -       -       -          -        r,a,w,d     -
forum
  forum_search              r       -       -          -        r,a,w,d     -
  forum_words               r       -       -          -        r,a,d       -
  forum_words_left          -       -       -          -        r,d         -
  forum_search_state        r       -       -          -        r,a,w       -
"""

IN_DATABASE = """
WITH roles AS (SELECT oid, rolname FROM pg_roles WHERE rolname = ANY(%(roles)s)),
objects (kind, object, part, acl) AS (
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, relname::text, '', relacl
      FROM pg_class WHERE relnamespace = %(schema)s::regnamespace AND relkind IN ('r', 'v', 'S')
     UNION ALL
    SELECT 'TABLE', relname::text, attname::text, attacl
      FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
     WHERE relnamespace = %(schema)s::regnamespace AND attacl IS NOT NULL AND NOT attisdropped
     UNION ALL
    SELECT 'FUNCTION', proname::text, '', proacl
      FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace AND proacl IS NOT NULL)
SELECT kind, object, part, rolname, privilege_type
  FROM objects CROSS JOIN LATERAL aclexplode(acl) JOIN roles ON roles.oid = grantee
"""


@dataclass(frozen=True)
class Right:
    """
    One right to one thing.

    Attributes:
        kind: TABLE, SEQUENCE or FUNCTION; views are tables.
        part: the column, where the right is to that one alone; else empty.
        word: SELECT, INSERT, …
    """

    kind: str
    name: str
    part: str
    role: str
    word: str


def sections() -> Iterator[tuple[str, list[tuple[str, list[str]]]]]:
    """The table by section: what each line is about, and what each of ROLES may do with it."""
    heading = ""
    lines: list[tuple[str, list[str]]] = []
    for line in TABLE.strip().splitlines()[1:]:
        if line[0] != " ":
            if lines:
                yield heading, lines
            heading, lines = line, []
        else:
            name, *cells = line.split()
            lines.append((name, cells))
    yield heading, lines


def wanted() -> set[Right]:
    """Every right that the processes are to have."""
    lines = [line for _, section in sections() for line in section]
    return {
        _right(name, role, letter)
        for name, cells in lines
        for role, cell in zip(ROLES, cells, strict=True)
        for letter in cell.split(",")
        if letter != "-"
    }


def known_names() -> set[str]:
    """Everything that the table has a line for; functions without parentheses."""
    return {name.removesuffix("()") for _, section in sections() for name, _ in section}


def _right(name: str, role: str, letter: str) -> Right:
    word, part = WORDS[letter[0]], letter[2:-1]
    kind = "FUNCTION" if name.endswith("()") else "SEQUENCE" if name.endswith("_seq") else "TABLE"
    return Right(kind, name.removesuffix("()"), part, role, word)


def in_database(connection: psycopg.Connection[Any], settings: Settings) -> set[Right]:
    """Every right that the processes have in the schema of a campus, beside what they own."""
    found = connection.execute(IN_DATABASE, {"roles": list(ROLES), "schema": settings.schema_name}).fetchall()
    return {Right(*row) for row in found}


def grants(missing: set[Right], surplus: set[Right]) -> Iterator[str]:
    """The statements that mend a difference, for a connection whose search_path is the schema of the campus."""
    for rights, verb, preposition in ((surplus, "REVOKE", "FROM"), (missing, "GRANT", "TO")):
        together: dict[tuple[str, str, str, str], list[str]] = {}
        for right in sorted(rights, key=lambda each: (each.kind, each.name, each.part, each.role, each.word)):
            together.setdefault((right.kind, right.part, right.word, right.role), []).append(_quoted(right.name))
        for (kind, part, word, role), names in together.items():
            column = f" ({_quoted(part)})" if part else ""
            yield f"{verb} {word}{column} ON {kind} {', '.join(names)} {preposition} {role}"


def _quoted(name: str) -> str:
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'
