"""Proofs over HTTP: what is signed is proven to a reader who has the keys, and nothing else is."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from adapters.postgres.connection import connect
from adapters.settings import Settings
from api.app import build
from api.proofs import FOR_EVER
from domain.proofs.checkpoint import Checkpoint, check_proof, verified
from domain.proofs.merkle import HASH_SIZE, check_consistency
from domain.proofs.note import Verifier
from domain.proofs.tiles import TileId, Tree, leaf_hashes, range_hash, read_path, unbundled
from tests.support.api import served
from tests.support.proofs import beside, entries_of_log, notarising, signed_up_to
from tests.support.workers import writer

FACTS = 700


@pytest.fixture
async def client(settings: Settings, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a campus whose facts are signed, and which has some more that are not."""
    async with writer(settings) as facts:
        await facts.record_many(FACTS)
        async with notarising(beside(settings, tmp_path)):
            await signed_up_to(settings, FACTS)
        await facts.record_many(30)
    async with served(build(settings)) as client:
        yield client


async def trusted(client: httpx.AsyncClient) -> tuple[Checkpoint, list[Verifier]]:
    """The checkpoint, verified, and the keys that sign it."""
    keys = [Verifier.of(line) for line in (await client.get("/v1/proofs/keys")).text.splitlines()]
    return verified((await client.get("/v1/proofs/checkpoint")).text, keys), keys


async def test_a_fact_is_proven(client: httpx.AsyncClient, settings: Settings) -> None:
    """By its stored row, the keys and one answer of at most 1.5 kB; no proof holds for another fact."""
    checkpoint, keys = await trusted(client)
    rows = (await entries_of_log(settings))[:FACTS]
    assert checkpoint.size == FACTS
    for position in (1, 2, 256, 257, 512, 513, 699, 700):
        answer = await client.get("/v1/proofs/inclusion", params={"position": position})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert len(answer.content) <= 1_500
        assert check_proof(answer.text, rows[position - 1], keys) == checkpoint
        for other in {1, position - 1, position + 1, FACTS} - {0, position, FACTS + 1}:
            with pytest.raises(ValueError, match=r"root"):
                check_proof(answer.text, rows[other - 1], keys)


async def test_a_tree_is_the_beginning_of_a_larger_one(client: httpx.AsyncClient) -> None:
    """Of every pair of sizes up to the checkpoint, by hashes that anyone can check, and which never change."""
    checkpoint, _ = await trusted(client)
    for first, second in ((0, 0), (0, 1), (1, 700), (255, 256), (256, 700), (257, 512), (699, 700), (700, 700)):
        answer = await client.get("/v1/proofs/consistency", params={"from": first, "to": second})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, FOR_EVER)
        found = answer.json()
        roots = base64.b64decode(found["first_root"]), base64.b64decode(found["second_root"])
        check_consistency(first, second, *roots, list(map(base64.b64decode, found["hashes"])))
        assert second != FACTS or roots[1] == checkpoint.root


async def test_the_tiles_make_the_root(client: httpx.AsyncClient, settings: Settings) -> None:
    """Under the paths of tlog-tiles, whole and in part, immutable; entries are for the staff."""
    checkpoint, _ = await trusted(client)
    rows = (await entries_of_log(settings))[:FACTS]
    tiles: dict[TileId, bytes] = {}
    for path in ("0/000", "0/001", "0/002.p/188", "1/000.p/2"):
        answer = await client.get(f"/v1/proofs/tile/{path}")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, FOR_EVER), answer.text
        found = read_path(path)
        assert found is not None
        assert len(answer.content) == found[1] * HASH_SIZE
        tiles[found[0]] = answer.content
    assert range_hash((0, FACTS), tiles) == checkpoint.root
    assert Tree().add(leaf_hashes(rows)) == tiles
    part = await client.get("/v1/proofs/tile/0/001.p/7")
    assert part.content == tiles[TileId(0, 1)][: 7 * HASH_SIZE]

    staff = {"authorization": f"Bearer {(await login(client, 'admin'))}"}
    bundle = await client.get("/v1/proofs/tile/entries/002.p/188", headers=staff)
    assert list(unbundled(bundle.content)) == rows[512:]
    assert bundle.headers["cache-control"].startswith("private")
    learner = {"authorization": f"Bearer {(await login(client, '28400'))}"}
    for headers, status in (({}, 401), (learner, 403)):
        assert (await client.get("/v1/proofs/tile/entries/000", headers=headers)).status_code == status


async def login(client: httpx.AsyncClient, user: str) -> str:
    """A token."""
    token: str = (await client.post("/v1/dev/login", json={"user": user})).json()["token"]
    return token


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("inclusion?position=701", 404, "not_signed_yet"),
        ("inclusion?position=4611686018427387904", 404, "not_signed_yet"),
        ("inclusion?position=0", 422, "invalid_request"),
        ("inclusion?position=-1", 422, "invalid_request"),
        ("inclusion?position=1e3", 422, "invalid_request"),
        ("inclusion?position=99999999999999999999999", 422, "invalid_request"),
        ("inclusion", 422, "invalid_request"),
        ("consistency?from=1&to=701", 404, "not_signed_yet"),
        ("consistency?from=701&to=700", 422, "bad_sizes"),
        ("consistency?from=-1&to=7", 422, "invalid_request"),
        ("consistency?from=1", 422, "invalid_request"),
        ("tile/0/002", 404, "no_such_tile"),
        ("tile/0/002.p/189", 404, "no_such_tile"),
        ("tile/0/002.p/0", 404, "no_such_tile"),
        ("tile/0/002.p/256", 404, "no_such_tile"),
        ("tile/1/000", 404, "no_such_tile"),
        ("tile/9/000.p/1", 404, "no_such_tile"),
        ("tile/0/1", 404, "no_such_tile"),
        ("tile/0/x000/001", 404, "no_such_tile"),
        ("tile/none", 404, "no_such_tile"),
    ],
)
async def test_what_is_not_signed_has_no_proof(client: httpx.AsyncClient, path: str, status: int, code: str) -> None:
    """The problem says what was asked for, and how much is signed."""
    answer = await client.get(f"/v1/proofs/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    if code == "not_signed_yet":
        assert "of 700 facts" in answer.json()["detail"]


async def test_the_checkpoint_is_sent_when_it_has_changed(client: httpx.AsyncClient) -> None:
    """A reader that has it gets 304."""
    first = await client.get("/v1/proofs/checkpoint")
    again = await client.get("/v1/proofs/checkpoint", headers={"if-none-match": first.headers["etag"]})
    assert (first.headers["cache-control"], again.status_code, again.content) == ("public, no-cache", 304, b"")


async def test_before_the_first_checkpoint(settings: Settings) -> None:
    """There is nothing to prove anything by, and the problem says what is missing."""
    async with served(build(settings)) as client:
        for path in ("checkpoint", "keys", "inclusion?position=1", "consistency?from=0&to=0", "tile/0/000"):
            answer = await client.get(f"/v1/proofs/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "no_checkpoint"), path


async def test_tiles_that_are_made_again(client: httpx.AsyncClient, settings: Settings) -> None:
    """Meanwhile the answer is 503: the tiles are what is missing, and not the fact."""
    async with await connect(settings, application="test") as connection:
        await connection.execute("DELETE FROM proof_tiles")
    for path in ("inclusion?position=1", "consistency?from=1&to=7", "tile/0/000"):
        answer = await client.get(f"/v1/proofs/{path}")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
