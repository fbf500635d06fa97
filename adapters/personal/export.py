"""
All that is held about a person, for that person: facts with what is sealed in them opened, the rows that follow from
them, and what stands beside the log (docs/privacy.md lists it).

A secret (the hash of a password, of a session's token) is named and not shown: it says nothing about the person.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from adapters.auth.changes import AccessChanges
from adapters.auth.identities import Identities
from adapters.auth.sessions import Sessions
from adapters.command_bus.replay import replayed
from adapters.personal.opening import with_words
from adapters.postgres.as_of.folder import KeyFolder
from adapters.postgres.as_of.moments import moment_at
from adapters.postgres.connection import Connection
from adapters.postgres.log.learner_history import whole_history
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.refused_commands import refused_of
from domain.consents import PURPOSES
from domain.fact import Fact, Meta
from domain.personal import is_sealed
from domain.user import DISPLAY_NAME, LANGUAGE, NOTIFICATION_ADDRESS, TIME_ZONE, User, user_stream

MOST_REFUSALS = 10_000
BESIDE = """
SELECT (SELECT made_at FROM person_keys WHERE learner_id = %(learner)s),
       (SELECT count(*) FROM account_addresses WHERE learner_id = %(learner)s),
       (SELECT count(*) FROM passwords WHERE learner_id = %(learner)s),
       (SELECT count(*) FROM factors WHERE learner_id = %(learner)s),
       (SELECT count(*) FROM recovery_codes WHERE learner_id = %(learner)s)
"""
DOSSIERS = "SELECT asked_at, asked_by, position FROM dossiers WHERE learner_id = %s ORDER BY asked_at, id"
FILES = """
SELECT stream_id, sha256, size, kept_at FROM attempt_files
 WHERE starts_with(stream_id, 'attempt-' || %s || ':') ORDER BY stream_id, sha256
"""


class HeldProfile(msgspec.Struct, kw_only=True):
    """What a person has said about the own person; null where nothing was said, or it cannot be opened any more."""

    status: str
    email: str | None
    display_name: str | None
    language: str | None
    time_zone: str | None
    notification_address: str | None


class HeldConsent(msgspec.Struct, kw_only=True):
    """A consent that was given, in words that `text` has if they are still asked for."""

    purpose: str
    version: int
    text: str | None
    given_at: datetime
    withdrawn_at: datetime | None


class HeldSession(msgspec.Struct, kw_only=True):
    """A session of a browser that has not ended; `actor_id` is an admin who acts in it as the person."""

    session_id: str
    opened_at: datetime
    seen_at: datetime
    until: datetime
    actor_id: str | None


class HeldIdentity(msgspec.Struct, kw_only=True):
    """
    An account of a provider by which the person signs in.

    Attributes:
        issuer: the provider.
        subject, label: its identifier of the person, and what it calls the person.
    """

    issuer: str
    subject: str
    label: str
    linked_at: datetime
    used_at: datetime | None


class HeldRefusal(msgspec.Struct, kw_only=True):
    """A command about the person that a rule has refused; kept for 90 days."""

    at: datetime
    command: str
    by: str
    sentence: str


class HeldDossier(msgspec.Struct, kw_only=True):
    """A dossier about the person that was asked for, and is kept for some days."""

    asked_at: datetime
    asked_by: str
    position: int


class HeldFile(msgspec.Struct, kw_only=True):
    """
    A file that the person has handed in with an answer.

    Attributes:
        attempt: the stream of the attempt; `GET /v1/me/quizzes/QUIZ/attempts/NO/files/SHA256` has the bytes.
        size: in bytes.
    """

    attempt: str
    sha256: str
    size: int
    kept_at: datetime


class HeldFact(msgspec.Struct, kw_only=True):
    """A fact about the person, with what is sealed in it opened."""

    position: int
    type: str
    stream_id: str
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    meta: Meta


class HeldBesideTheLog(msgspec.Struct, kw_only=True):
    """
    What else is kept, without the secrets themselves.

    Attributes:
        key_made_at: when the key was made that seals what is personal; null if there is none.
        addresses: how many digests lead from an address to the account.
        passwords, factors, recovery_codes: how many hashes of passwords, second factors and hashes of codes there are.
    """

    key_made_at: datetime | None
    addresses: int
    passwords: int
    factors: int
    recovery_codes: int
    identities: list[HeldIdentity]
    sessions: list[HeldSession]
    refusals: list[HeldRefusal]
    dossiers: list[HeldDossier]
    files: list[HeldFile]


class PersonalExport(msgspec.Struct, kw_only=True):
    """
    All that is held about a person.

    Attributes:
        position: of the last fact of the log that was looked at.
        read_models: what follows from the facts, by read model and table: what dashboards, gradebooks and pages show.
        facts: every fact of the person's history, in the order of the log.
    """

    learner_id: str
    exported_at: datetime
    position: int
    profile: HeldProfile
    consents: list[HeldConsent]
    beside_the_log: HeldBesideTheLog
    read_models: dict[str, dict[str, list[dict[str, Any]]]]
    facts: list[HeldFact]


async def export_of(log: PostgresLog, folders: Iterable[KeyFolder], learner_id: str) -> PersonalExport:
    """All that is held about a person as of now; without facts it is empty."""
    moment = await moment_at(log, None, None)
    stored = await log.link.run(lambda connection: whole_history(connection, learner_id, moment.position))
    facts = await with_words(log.keys, stored, personal=True, whole=True)
    texts = dict(_opened_texts(stored, facts))
    tables: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for folder in folders:
        if folder.own_tables:
            rows = await folder.rows(learner_id, moment)
            tables[folder.projection.name] = {
                table.name: [_opened(msgspec.to_builtins(row), texts) for row in rows.of(table)]
                for table in folder.own_tables
            }
    return PersonalExport(
        learner_id=learner_id,
        exported_at=log.clock.now(),
        position=moment.position,
        profile=await _profile(log, learner_id),
        consents=_consents([fact for fact in facts if fact.stream_id == user_stream(learner_id)]),
        beside_the_log=await _beside_the_log(log, learner_id),
        read_models=tables,
        facts=[_held(fact) for fact in facts],
    )


def _held(fact: Fact) -> HeldFact:
    return HeldFact(**{name: getattr(fact, name) for name in HeldFact.__struct_fields__})


def _opened_texts(stored: Sequence[Fact], facts: Sequence[Fact]) -> Iterable[tuple[str, str]]:
    """What is sealed in the facts, and the texts: rows have the same sealed texts."""
    for before, after in zip(stored, facts, strict=True):
        for name, value in before.data.items():
            if isinstance(value, str) and is_sealed(value):
                yield value, after.data[name]


def _opened(value: Any, texts: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return texts.get(value, value)
    if isinstance(value, dict):
        return {name: _opened(each, texts) for name, each in value.items()}
    if isinstance(value, list):
        return [_opened(each, texts) for each in value]
    return value


async def _profile(log: PostgresLog, learner_id: str) -> HeldProfile:
    user = await replayed(log, User, user_stream(learner_id))
    key = await log.keys.reading(user.id)
    fields = (DISPLAY_NAME, LANGUAGE, TIME_ZONE, NOTIFICATION_ADDRESS)
    said = {name: key.open(user.profile.get(name)) for name in fields}
    return HeldProfile(status=user.status.value, email=key.open(user.email), **said)


def _consents(facts: Sequence[Fact]) -> list[HeldConsent]:
    """Every consent that was given, also those that were withdrawn or are of other words than today's."""
    found: list[HeldConsent] = []
    for fact in facts:
        if fact.type == User.ConsentGiven.TOPIC:
            name, version = fact.data["purpose"], fact.data["version"]
            asked = PURPOSES.get(name)
            text = asked.text if asked is not None and asked.version == version else None
            found.append(
                HeldConsent(purpose=name, version=version, text=text, given_at=fact.occurred_at, withdrawn_at=None)
            )
        elif fact.type == User.ConsentWithdrawn.TOPIC:
            for each in found:
                if each.purpose == fact.data["purpose"] and each.withdrawn_at is None:
                    each.withdrawn_at = fact.occurred_at
    return found


async def _beside_the_log(log: PostgresLog, learner_id: str) -> HeldBesideTheLog:
    sessions = await Sessions(log.link, log.clock, AccessChanges(log.link)).of_person(learner_id)
    identities = await Identities(log.link, log.keys).of_person(learner_id)

    async def work(connection: Connection) -> tuple[Any, list[Any], list[Any], list[HeldRefusal]]:
        (beside,) = await (await connection.execute(BESIDE, {"learner": learner_id})).fetchall()
        dossiers = await (await connection.execute(DOSSIERS, [learner_id])).fetchall()
        files = await (await connection.execute(FILES, [learner_id])).fetchall()
        refused = await refused_of(connection, learner_id, log.clock.now(), MOST_REFUSALS)
        shown = [
            HeldRefusal(at=each.refused_at, command=each.command, by=each.actor, sentence=each.sentence)
            for each in refused
        ]
        return beside, dossiers, files, shown

    (key_made_at, *counts), dossiers, files, refusals = await log.link.run(work)
    return HeldBesideTheLog(
        key_made_at=key_made_at,
        **dict(zip(("addresses", "passwords", "factors", "recovery_codes"), counts, strict=True)),
        identities=[
            HeldIdentity(**{name: getattr(each, name) for name in HeldIdentity.__struct_fields__})
            for each in identities
        ],
        sessions=[
            HeldSession(**{name: getattr(each, name) for name in HeldSession.__struct_fields__}) for each in sessions
        ],
        refusals=refusals,
        dossiers=[HeldDossier(asked_at=at, asked_by=by, position=position) for at, by, position in dossiers],
        files=[HeldFile(**dict(zip(HeldFile.__struct_fields__, row, strict=True))) for row in files],
    )
