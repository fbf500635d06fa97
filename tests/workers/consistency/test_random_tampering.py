"""
Changes by chance behind the log's back: each is found, and the first position that it spoils is named.

In PostgreSQL, and many more on its rows in memory, by the function that checks each page. CAMPUSLOG_TAMPERINGS says how
many; the slow test makes 100,000 without it.
"""

import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
import pytest

from adapters.postgres.connection import Connection, connect
from adapters.postgres.log.decoding import LogRow
from adapters.postgres.log.pages import read_rows
from adapters.settings import Settings
from domain.proofs.checkpoint import Checkpoint
from domain.proofs.leaf import entry_of
from domain.proofs.merkle import consistency
from domain.proofs.note import ED25519, Signer, signed
from domain.proofs.tiles import WIDTH, Tree, leaf_hashes, range_hash
from domain.proofs.witness import AddCheckpoint, WitnessRefusal, admit
from tests.support.dossiers import stored
from tests.support.facts import History, day
from tests.support.proofs import beside, notarising, signed_up_to, tamper
from tests.support.random_changes import CHANGES, Changed, cut_off, rewritten
from tests.support.workers import writer
from workers.consistency.kept_checkpoints import KeptCheckpoint, judge, kept_here
from workers.consistency.log_check import check_on
from workers.consistency.log_part import Findings, Hashes, Reference, check_page

MANY = int(os.environ.get("CAMPUSLOG_TAMPERINGS", "100000"))
FEW, IN_POSTGRES = 300, 60
SIZE = 300  # facts in PostgreSQL: a full tile, and one that is not
ORIGIN = "campuslog.invalid/test/0123456789abcdef"
SIGNER = Signer(ORIGIN, ED25519, b"1" * 32)

COLUMNS = ", ".join(["%s"] * 10)


def log() -> list[LogRow]:
    """The rows of a log of all kinds of streams, more than a tile."""
    history = History().course()
    for learner in ("7-1", "8", "9é"):
        history.enrolled(learner, source="self")
        for number in range(90):
            history.clicked(learner, number % 9, day(number))
        history.submitted(learner, "tma1", day(92)).graded(learner, "tma1", 6_400, day(94))
    return [stored(fact) for fact in history.facts]


class Signed:
    """
    A tree over rows as it was kept elsewhere: its checkpoint, and its leaves by tiles.

    Attributes:
        leaves: the hashes of all leaves.
    """

    def __init__(self, rows: Sequence[LogRow]) -> None:
        self.leaves = leaf_hashes(map(entry_of, rows))
        tree = Tree()
        self.tiles = tree.add(self.leaves)
        self.checkpoint = Checkpoint(ORIGIN, tree.size, tree.root())

    @property
    def known(self) -> Mapping[int, bytes]:
        """The tiles of leaves."""
        return {tile.number: hashes for tile, hashes in self.tiles.items() if not tile.level}


def verdict(changed: Changed, *trees: Signed) -> Findings:
    """What `log verify` finds, against the checkpoints of these trees and the tiles of the last one."""
    sizes = [each.checkpoint.size for each in trees]
    reference = Reference(max(sizes), frozenset(size // WIDTH for size in sizes))
    findings, hashes = Findings(head=changed.head), Hashes()
    rows = sorted((row for row in changed.rows if 0 < row[0] <= changed.head), key=lambda row: row[0])
    known = {number: trees[-1].known.get(number, b"") for number in range(-(-max(changed.head, *sizes) // WIDTH))}
    check_page(rows, (0, changed.head), known, reference, (findings, hashes))
    judge([KeptCheckpoint("a reader", each.checkpoint) for each in trees], hashes, findings)
    return findings


def first(found: Findings) -> int | None:
    """The first position that a problem names."""
    return min((each["position"] for each in found.problems if "position" in each), default=None)


def found_in_memory(number: int, seed: int) -> None:
    """Make so many changes, each in a log that was whole, and some with a tree over them that was signed again."""
    rows, chance = log(), random.Random(seed)
    kept = Signed(rows)
    assert not verdict(Changed(rows, len(rows), 0), kept).count
    for turn in range(number):
        change = chance.choice(CHANGES)
        changed = change(chance, rows)
        found = verdict(changed, kept)
        assert first(found) == changed.first, (turn, change.__name__, changed.first, found.problems[:3])
        assert not any(each["ok"] for each in found.checkpoints), (turn, change.__name__)
        if change in {rewritten, cut_off} and changed.head:
            resigned(changed, kept)


def resigned(changed: Changed, kept: Signed) -> None:
    """The thief of the key signs the changed log: all is right but for what others have kept, and for the witness."""
    forged = Signed(changed.rows)
    assert not verdict(changed, forged).count
    found = verdict(changed, forged, kept)
    assert ([each["ok"] for each in found.checkpoints], first(found)) == ([True, False], changed.first)
    fork_is_refused(kept, forged)
    half = verdict(Changed(list(changed.rows), changed.head, 0), kept, forged)  # a reader of whom the fork was hidden
    assert [each["ok"] for each in half.checkpoints] == [False, True]


def fork_is_refused(seen: Signed, shown: Signed) -> None:
    """A witness has cosigned one, and is shown the other with the best proof that there is."""
    old, new = seen.checkpoint, shown.checkpoint
    proof: tuple[bytes, ...] = ()
    if 0 < old.size < new.size:
        proof = tuple(range_hash(each, shown.tiles) for each in consistency(old.size, new.size))
    request = AddCheckpoint(min(old.size, new.size), proof, signed(new.text, [SIGNER]))
    with pytest.raises(WitnessRefusal):
        admit(request, [SIGNER.verifier], old)


@pytest.mark.parametrize("seed", range(3))
def test_some_changes_in_memory(seed: int) -> None:
    """A bit, a row taken out, put in, swapped, moved, the end cut off, rows rewritten: the first one is named."""
    found_in_memory(FEW // 3, seed)


@pytest.mark.slow
def test_many_changes_in_memory() -> None:
    """The same, 100,000 times."""
    found_in_memory(MANY, 100)


@pytest.mark.parametrize("seed", range(40))
def test_a_fork_for_half_of_the_readers(seed: int) -> None:
    """Two histories under one key from some position on: the witness of one refuses the other, also a longer one."""
    chance, rows = random.Random(seed), log()
    fork = chance.randrange(len(rows))
    other = [*rows[:fork], *rewritten(chance, rows[fork:]).rows]
    start = next(at for at, (one, two) in enumerate(zip(rows, other, strict=True)) if one != two)
    seen = Signed(rows[: chance.randrange(start + 1, len(rows) + 1)])
    fork_is_refused(seen, Signed(other))
    found = verdict(Changed(rows, len(rows), 0), Signed(other))
    assert first(found) == start + 1


async def test_changes_in_postgresql(settings: Settings, tmp_path: Path) -> None:
    """The same by statements of the owner, against tiles and checkpoint in the database and the notary's file."""
    async with writer(settings) as facts:
        await facts.record_many(SIZE)
        async with notarising(beside(settings, tmp_path)):
            await signed_up_to(settings, SIZE)
    kept = await kept_here(beside(settings, tmp_path))
    owner = settings.model_copy(update={"postgres_url": settings.postgres_owner_url})
    chance, left = random.Random(7), int(os.environ.get("CAMPUSLOG_TAMPERINGS", IN_POSTGRES))
    async with await connect(owner, application="test") as connection:
        rows = await read_rows(connection, 0, SIZE)
        await connection.execute("ALTER TABLE events DISABLE TRIGGER events_append_only")
        while left:
            change = chance.choice(CHANGES)
            changed = change(chance, rows)
            try:
                async with connection.transaction(force_rollback=True):
                    await carry_out(connection, rows, changed)
                    found = await check_on(connection, changed.head, checkpoints=kept.checkpoints)
            except psycopg.IntegrityError:
                continue  # what no owner can do either, such as a version of 0
            named = first(found)
            assert named == changed.first, (change.__name__, changed.first, found.problems[:3])
            left -= 1
        assert not (await check_on(connection, SIZE, checkpoints=kept.checkpoints)).count
    tamper(settings)


async def carry_out(connection: Connection, rows: Sequence[LogRow], changed: Changed) -> None:
    """Make the log in PostgreSQL the changed one."""
    before, after = set(rows), set(changed.rows)
    await connection.execute("DELETE FROM events WHERE position = ANY(%s)", [[row[0] for row in before - after]])
    async with connection.cursor() as cursor:
        await cursor.executemany(f"INSERT INTO events VALUES ({COLUMNS})".encode(), list(after - before))
    await connection.execute("UPDATE log_head SET position = %s", [changed.head])
