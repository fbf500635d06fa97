"""
One part of the log, checked: each fact by itself, and the hashes that it stands for in the tree over the log.

A part is whole tiles of the tree, so that parts are checked beside each other, in processes of their own.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from adapters.postgres.connection import Connection, connect
from adapters.postgres.log.decoding import LogRow
from adapters.postgres.log.pages import read_rows
from adapters.proofs.publish import published_tile
from adapters.proofs.tree import tiles_of
from adapters.recorder.recorder import NAME as STOCK
from adapters.settings import Settings
from domain.codec import decode_event
from domain.fact import Meta
from domain.proofs.leaf import NoEntry, entry_of
from domain.proofs.merkle import HASH_SIZE, leaf_hash
from domain.proofs.tiles import WIDTH, TileId, reduced
from domain.streams import partition_of
from workers.consistency.causes import Causes

PART = 1 << 15  # facts; whole tiles
PAGE = 1 << 13  # facts; whole tiles
MOST_PROBLEMS = 100  # that are described; all are counted
TIMEOUT = 120_000  # milliseconds, for one page
NO_LEAF = bytes(HASH_SIZE)  # where there is no fact, or none that has an entry: the hash of nothing

_decode_meta = msgspec.json.Decoder(Meta).decode


@dataclass
class Findings:
    """
    What was found.

    Attributes:
        foreign: events of stock `eventsourcing` applications among them.
        causes: whether facts name their cause.
        problems: the first of them, each with the position or the stream it is about.
        count: how many there are in all.
        checkpoints: the signed checkpoints that the log was held against, and whether it fits.
    """

    head: int = 0
    events: int = 0
    foreign: int = 0
    streams: int = 0
    causes: Causes = field(default_factory=Causes)
    count: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    checkpoints: list[dict[str, Any]] = field(default_factory=list)

    def add(self, problem: str, **where: Any) -> None:
        """Note a problem."""
        self.count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append({**where, "problem": problem})

    def join(self, other: "Findings") -> None:
        """Note what was found in a later part."""
        self.events += other.events
        self.foreign += other.foreign
        self.causes.join(other.causes)
        self.count += other.count
        self.problems += other.problems[: MOST_PROBLEMS - len(self.problems)]

    def as_json(self) -> dict[str, Any]:
        """The verdict, and what it is based on."""
        return {
            "ok": not self.count,
            "events": self.events,
            "foreign": self.foreign,
            "streams": self.streams,
            "head": self.head,
            "without_cause": self.causes.unnamed,
            "first_without_cause": self.causes.first,
            "problem_count": self.count,
            "problems": self.problems,
            **({"checkpoints": self.checkpoints} if self.checkpoints else {}),
        }


class Part(NamedTuple):
    """
    Positions above *after*, which is a multiple of the width of a tile, up to *until*.

    Attributes:
        head: where the log ends, be it before the part: what was signed above it is known by the reference alone.
    """

    after: int
    until: int
    head: int


class Reference(NamedTuple):
    """
    What the leaves of the log are held against.

    Attributes:
        signed: how many facts the largest checkpoint covers; what is above says nothing.
        kept: numbers of tiles whose leaves are wanted, since a checkpoint ends in them.
        published: where tiles are that were published; None for those of the database.
    """

    signed: int
    kept: frozenset[int]
    published: Path | None = None


@dataclass
class Hashes:
    """
    What a part of the log is in the tree, and in the tiles of the reference.

    Attributes:
        nodes: for each whole tile of leaves, its hash in the level above.
        leaves: the leaves of kept tiles, by the number of the tile.
        wrong: the first positions whose fact is not the leaf of the reference.
    """

    nodes: bytes = b""
    reference_nodes: bytes = b""
    leaves: dict[int, bytes] = field(default_factory=dict)
    reference_leaves: dict[int, bytes] = field(default_factory=dict)
    wrong: list[int] = field(default_factory=list)
    wrong_count: int = 0

    def join(self, other: "Hashes") -> None:
        """Put those of the next part after them."""
        self.nodes += other.nodes
        self.reference_nodes += other.reference_nodes
        self.leaves |= other.leaves
        self.reference_leaves |= other.reference_leaves
        self.wrong += other.wrong[: MOST_PROBLEMS - len(self.wrong)]
        self.wrong_count += other.wrong_count

    def add_tile(self, number: int, leaves: bytes, known: bytes, reference: Reference) -> None:
        """Compare the leaves of a tile with those that are known."""
        if number in reference.kept:
            self.leaves[number], self.reference_leaves[number] = leaves, known
        whole = len(leaves) == WIDTH * HASH_SIZE
        node = reduced(leaves) if whole else b""
        self.nodes += node
        if known == leaves:
            self.reference_nodes += node
        elif len(known) == WIDTH * HASH_SIZE:
            self.reference_nodes += reduced(known)
        elif whole:
            self.reference_nodes += NO_LEAF
        if not leaves.startswith(known) and not known.startswith(leaves):
            for at in range(min(len(leaves), len(known)) // HASH_SIZE):
                position, place = number * WIDTH + at + 1, slice(at * HASH_SIZE, (at + 1) * HASH_SIZE)
                if position <= reference.signed and leaves[place] != known[place]:
                    self.wrong_count += 1
                    self.wrong += [position] if len(self.wrong) < MOST_PROBLEMS else []


def check_part_in_process(settings: Settings, part: Part, reference: Reference) -> tuple[Findings, Hashes]:
    """As `check_part`, in a process that has no connection yet."""

    async def run() -> tuple[Findings, Hashes]:
        async with await connect(settings, application="log check", statement_timeout=TIMEOUT) as connection:
            return await check_part(connection, part, reference)

    return asyncio.run(run())


async def check_part(connection: Connection, part: Part, reference: Reference) -> tuple[Findings, Hashes]:
    """The facts of a part, and their leaves as far as they are signed."""
    findings, hashes = Findings(), Hashes()
    for first in range(part.after, part.until, PAGE):
        until = min(first + PAGE, part.until)
        end = min(until, max(part.head, first))
        rows = await read_rows(connection, first, end)
        is_signed = reference.signed > first
        known = await _known(connection, range(first // WIDTH, -(-until // WIDTH)), reference) if is_signed else {}
        check_page(rows, (first, end), known, reference, (findings, hashes))
        for position, cause in await findings.causes.missing(connection):
            findings.add(f"its cause {cause} does not stand before it", position=position)
    findings.causes.forget()
    return findings, hashes


async def _known(connection: Connection, numbers: range, reference: Reference) -> Mapping[int, bytes]:
    """The leaves of these tiles as the reference has them; empty where it has none."""
    if reference.published is not None:
        return {number: published_tile(reference.published, TileId(0, number)) for number in numbers}
    found = await tiles_of(connection, {TileId(0, number): WIDTH for number in numbers})
    return {number: found.get(TileId(0, number), b"") for number in numbers}


def leaves_of(rows: Sequence[LogRow], after: int, until: int, findings: Findings) -> bytes:
    """The hash of each position; that of nothing where there is no fact."""
    found = {}
    for row in rows:
        try:
            found[row[0]] = leaf_hash(entry_of(row))
        except NoEntry as error:
            findings.add(str(error), position=row[0], stream=row[1])
    if len(found) == until - after:
        return b"".join(found.values())
    return b"".join(found.get(position, NO_LEAF) for position in range(after + 1, until + 1))


def check_page(
    rows: Sequence[LogRow],
    positions: tuple[int, int],
    known: Mapping[int, bytes],
    reference: Reference,
    found: tuple[Findings, Hashes],
) -> None:
    """
    Check the facts of a page by themselves, and against the leaves that are known.

    Args:
        rows: those with positions above the first of *positions*, up to the second, in the order of the log; there has
            to be one for each.
        known: the leaves of each tile as the reference has them; none where nothing of the page is signed.
        found: what is added to.
    """
    findings, hashes = found
    after, until = positions
    _check_facts(rows, after, until, findings)
    if known:
        leaves = leaves_of(rows, after, until, findings)
        for number, tile in known.items():
            at = (number * WIDTH - after) * HASH_SIZE
            hashes.add_tile(number, leaves[at : at + WIDTH * HASH_SIZE], tile, reference)


def _check_facts(rows: Sequence[LogRow], after: int, until: int, findings: Findings) -> None:
    expected = after + 1
    for row in rows:
        if row[0] > expected:
            _missing(expected, row[0] - 1, findings)
        expected = row[0] + 1
        _check_fact(row, findings)
    if expected <= until:
        _missing(expected, until, findings)
    findings.events += len(rows)


def _missing(first: int, last: int, findings: Findings) -> None:
    which = f"position {first} is" if first == last else f"positions {first} to {last} are"
    findings.add(f"{which} missing", position=first)


def _check_fact(row: LogRow, findings: Findings) -> None:
    position, stream, version, name, schema_version, partition, data, meta, occurred_at, _ = row
    source = ""
    try:
        found = _decode_meta(meta)
        source = found.source
        if source != STOCK:
            findings.causes.add(position, found)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        findings.add(f"the meta of {name} cannot be decoded: {error}", position=position, stream=stream)
    try:
        if source == STOCK:
            findings.foreign += 1
        else:
            decode_event(name, schema_version, data, stream=stream, version=version, occurred_at=occurred_at)
    except Exception as error:  # noqa: BLE001 - upcasters are our code, and may raise anything
        findings.add(f"{name} cannot be decoded: {error}", position=position, stream=stream)
    if partition != partition_of(stream):
        findings.add(f"partition is {partition}, not {partition_of(stream)}", position=position, stream=stream)
