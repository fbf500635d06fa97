"""
The source of every rule that was ever served, by its SHA-256, and when each began to make what readers see.

A rule is the text that lists its modules, each with the SHA-256 of its source (`source_list`); its SHA-256 names the
rule. So who has the hash from a fact can check every text that is handed over.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from adapters.postgres.connection import Connection
from projections.engine.fingerprint import list_of, source_list, source_texts
from projections.engine.projection import Projection

IS_KEPT = "SELECT FROM rule_sources WHERE sha256 = %s"
# In the order of the hashes: others who keep the same texts wait for each other in that order. Sent in binary form, or
# psycopg would look through a megabyte of text for what has to be escaped.
KEEP = """
INSERT INTO rule_sources (sha256, source)
SELECT sha256(convert_to(source, 'UTF8')) AS sha256, source FROM unnest(%b::text[]) AS source ORDER BY sha256
    ON CONFLICT DO NOTHING
"""
NOTE = """
INSERT INTO rules_served (projection, generation, version, code, source_hash, position, by_process)
SELECT %(projection)s, %(generation)s, %(version)s, %(code)s, %(hash)s, log_head.position, %(by)s FROM log_head
 WHERE NOT EXISTS (
    SELECT FROM (
        SELECT generation, source_hash FROM rules_served WHERE projection = %(projection)s
         ORDER BY served_id DESC LIMIT 1) AS last
     WHERE generation = %(generation)s AND source_hash = %(hash)s)
"""
SERVED = """
SELECT generation, version, code, source_hash, since, position, by_process FROM rules_served
 WHERE projection = %s ORDER BY served_id DESC LIMIT %s
"""
SOURCE = "SELECT source FROM rule_sources WHERE sha256 = %s"
SOURCES = "SELECT encode(sha256, 'hex'), source FROM rule_sources WHERE sha256 = ANY(%s)"


class ServedRule(NamedTuple):
    """
    A rule, and since when it has made what readers see.

    Attributes:
        code: the digest without comments and docstrings; *source_hash* names the texts themselves.
        position: the head of the log then.
        noted_by: the kind of process: a projector, or a promotion.
    """

    generation: int
    version: int
    code: str
    source_hash: str
    since: datetime
    position: int
    noted_by: str


async def keep(connection: Connection, projection: Projection) -> str:
    """Keep the source of a rule, if it is not kept; returns its hash."""
    return await _keep(connection, source_list(projection), source_texts(projection))


async def keep_texts(connection: Connection, texts: Mapping[str, str]) -> str:
    """Keep the texts of modules, by their names, if they are not kept; returns the hash that names them together."""
    return await _keep(connection, list_of(texts), texts)


async def _keep(connection: Connection, listed: str, texts: Mapping[str, str]) -> str:
    wanted = hashlib.sha256(listed.encode()).digest()
    if (await (await connection.execute(IS_KEPT, [wanted])).fetchone()) is None:
        await connection.execute(KEEP, [[listed, *texts.values()]])
    return wanted.hex()


async def note_served(  # noqa: PLR0917
    connection: Connection, name: str, generation: int, version: int, code: str, rule: str, by: str
) -> None:
    """Note that the rule with this hash makes what readers see from now on; nothing if it was the last one, too."""
    place = {"projection": name, "generation": generation, "version": version, "code": code}
    await connection.execute(NOTE, {**place, "hash": bytes.fromhex(rule), "by": by})


async def served_rules(connection: Connection, name: str, limit: int) -> list[ServedRule]:
    """The rules that were served, the newest first."""
    rows = await (await connection.execute(SERVED, [name, limit])).fetchall()
    return [ServedRule._make((*row[:3], bytes(row[3]).hex(), *row[4:])) for row in rows]


async def source_of(connection: Connection, rule: str) -> dict[str, str] | None:
    """The source of the rule with this hash, by module; None if it is not kept."""
    found = await (await connection.execute(SOURCE, [bytes.fromhex(rule)])).fetchone()
    if found is None:
        return None
    modules = {name: sha256 for sha256, name in (line.split("  ", 1) for line in found[0].splitlines())}
    rows = await (await connection.execute(SOURCES, [[bytes.fromhex(each) for each in modules.values()]])).fetchall()
    texts: dict[str, str] = dict(rows)
    return {name: texts[sha256] for name, sha256 in modules.items()}
