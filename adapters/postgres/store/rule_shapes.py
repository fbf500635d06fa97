"""Rules that were served, and promotions, in the form of an answer, with examples."""

from datetime import UTC, datetime
from typing import Literal

import msgspec

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
CODE = "0b1d7a5f4f0c4f9c8b7e6d5c4b3a2910"


class RuleServed(msgspec.Struct, kw_only=True):
    """
    A rule, and since when it has made what readers see.

    Attributes:
        code: digest of its code without comments, as in the header `Campus-Rules`.
        source_hash: names its exact source: `GET /v1/rules/HASH`.
        position: the head of the log then.
        noted_by: `projector`, if one began with this code; `promotion`, if readers were moved; `reactor` or `api`, if
            one began with this code of commands and reactions, which have no generation (0).
    """

    generation: int
    version: int
    code: str
    source_hash: str
    since: datetime
    position: int
    noted_by: str


class SwitchOfReaders(msgspec.Struct, kw_only=True):
    """
    A promotion or a rollback, which is a fact.

    Attributes:
        position: of the fact; *held_up_to* is the position up to which the rows held all facts.
        source_hash: of the rule that built the rows; null where that is not recorded.
    """

    position: int
    at: datetime
    what: Literal["promoted", "rolled_back"]
    by: str
    request_id: str | None
    reason: str
    generation: int
    before: int | None
    version: int
    code: str
    source_hash: str | None
    held_up_to: int


class RulesOfReadModel(msgspec.Struct, kw_only=True):
    """Of one read model: the rules that were served, and how readers came to them, the newest first."""

    projection: str
    rules: list[RuleServed]
    switches: list[SwitchOfReaders]


class RuleSource(msgspec.Struct, kw_only=True):
    """The source of a rule: the texts of its modules, by name; their SHA-256s in a list have the hash of the rule."""

    source_hash: str
    modules: dict[str, str]


EXAMPLE = RulesOfReadModel(
    projection="gradebook",
    rules=[
        RuleServed(generation=2, version=4, code=CODE, source_hash=HASH, since=AT, position=1713, noted_by="promotion")
    ],
    switches=[
        SwitchOfReaders(
            position=1714,
            at=AT,
            what="promoted",
            by="ada@campus-1",
            request_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
            reason="late days count from the extended deadline, ticket 4711",
            generation=2,
            before=1,
            version=4,
            code=CODE,
            source_hash=HASH,
            held_up_to=1713,
        )
    ],
)
SOURCE = RuleSource(source_hash=HASH, modules={"projections.gradebook": "class Gradebook(Projection): ..."})
