"""
Proofs that the log only grows, as docs/proofs.md says: checkpoints, proofs, and the tree in tiles.

All but the entries are hashes, which say nothing of people: they need no token, so that anyone may check, and what can
never change may be kept by any cache.
"""

from typing import Annotated

import msgspec
from fastapi import Query, Request, Response

from adapters.proofs.prove import (
    SignedTree,
    prove_consistency,
    prove_inclusion,
    signed_entries,
    signed_tile,
    signed_tree,
)
from api.http.openapi import BYTES, TEXT, open_bytes, open_query, open_text
from api.http.query import JSON, QueryDep, etag_of, matches
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from domain.proofs.checkpoint import hash_lines
from domain.proofs.errors import NoSuchTile, NotCosigned
from domain.proofs.tiles import TileId, bundle, read_path

router = strict_router("proofs", "/v1/proofs")
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, no-cache"
STAFF_FOR_EVER = "private, max-age=31536000, immutable"
LARGEST = 2**62  # positions; PostgreSQL counts them in 63 bits

ORIGIN = "campuslog.invalid/demo/9f2c54d1a0b3e877"
ROOT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
CHECKPOINT = f"{ORIGIN}\n1713\n{ROOT}\n\n— {ORIGIN} 9f2c54d1…\n"
PROOF = f"c2sp.org/tlog-proof@v1\nindex 1712\n{ROOT}\n\n{CHECKPOINT}"

Position = Annotated[
    int, Query(ge=1, le=LARGEST, description="The position of a fact; its leaf has one less.", examples=[1713])
]
First = Annotated[
    int, Query(alias="from", ge=0, le=LARGEST, description="The smaller tree, in facts.", examples=[1000])
]
Cosigned = Annotated[bool, Query(description="The newest that a witness has cosigned, be it an older one.")]
Second = Annotated[int, Query(alias="to", ge=0, le=LARGEST, description="The larger tree, in facts.", examples=[1713])]


class ConsistencyProof(msgspec.Struct, kw_only=True):
    """That the tree of the first `from` facts is the beginning of that of `to`: roots and hashes in base64."""

    first: int = msgspec.field(name="from")
    second: int = msgspec.field(name="to")
    first_root: str
    second_root: str
    hashes: list[str]


CONSISTENT = ConsistencyProof(first=1000, second=1713, first_root=ROOT, second_root=ROOT, hashes=[ROOT])


@router.get("/checkpoint", responses=open_text("The newest checkpoint, a signed note.", CHECKPOINT, 404))
async def checkpoint(request: Request, services: ServicesDep, *, cosigned: Cosigned = False) -> Response:
    """Which tree, how many facts, and its root, signed (C2SP tlog-checkpoint); then cosigned."""
    tree = await signed_tree(services.reader)
    if cosigned and tree.cosigned is None:
        raise NotCosigned
    return _fresh(request, str(tree.covering(0 if cosigned else tree.checkpoint.size).note))


@router.get("/keys", responses=open_text("Verifier keys, a line each.", f"{ORIGIN}+9f2c54d1+AQ…\n", 404))
async def keys(request: Request, services: ServicesDep) -> Response:
    """The keys that sign, as the campus says; who does not trust it gets them in another way."""
    return _fresh(request, "".join(f"{each.vkey}\n" for each in (await signed_tree(services.reader)).keys))


@router.get("/inclusion", responses=open_text("The proof, with the checkpoint that it leads to.", PROOF, 404))
async def inclusion(services: ServicesDep, position: Position) -> Response:
    """That a fact is in the signed tree (C2SP tlog-proof); the reader makes the leaf of the fact."""
    (proof,) = await prove_inclusion(services.reader, await signed_tree(services.reader), [position])
    return Response(str(proof), headers={"cache-control": ASK_AGAIN}, media_type=TEXT)


@router.get("/consistency", responses=open_query(CONSISTENT, 404, 503))
async def consistency(services: ServicesDep, first: First, second: Second) -> Response:
    """That a smaller tree is the beginning of a larger one, which the newest checkpoint covers."""
    found = await prove_consistency(services.reader, await signed_tree(services.reader), first, second)
    first_root, second_root, *hashes = hash_lines([found.first_root, found.second_root, *found.hashes])
    answer = ConsistencyProof(first=first, second=second, first_root=first_root, second_root=second_root, hashes=hashes)
    return Response(msgspec.json.encode(answer), headers={"cache-control": FOR_EVER}, media_type=JSON)


@router.get("/tile/entries/{path:path}", responses=open_bytes("Entries, each after its length in 16 bits.", 401, 403))
async def entries(path: str, ask: QueryDep) -> Response:
    """The entries of up to 256 leaves (C2SP tlog-tiles), for the staff: they name learners."""
    tree = await signed_tree(ask.services.reader)
    tile, width = _tile_at(f"entries/{path}", tree)
    body = bundle(await signed_entries(ask.services.reader, tree, tile.number, width))
    return Response(body, headers={"cache-control": STAFF_FOR_EVER}, media_type=BYTES)


@router.get("/tile/{path:path}", responses=open_bytes("Hashes, 32 bytes each."))
async def tile(path: str, services: ServicesDep) -> Response:
    """A tile of the tree (C2SP tlog-tiles): `LEVEL/NUMBER`, with `.p/WIDTH` for one that is not full yet."""
    tree = await signed_tree(services.reader)
    wanted, width = _tile_at(path, tree)
    body = await signed_tile(services.reader, tree, wanted, width)
    return Response(body, headers={"cache-control": FOR_EVER}, media_type=BYTES)


def _tile_at(path: str, tree: SignedTree) -> tuple[TileId, int]:
    found = read_path(path)
    if found is None:
        raise NoSuchTile(path=path[:80], size=tree.checkpoint.size)
    return found[:2]


def _fresh(request: Request, text: str) -> Response:
    """An answer that is asked for again and again, and sent when it has changed."""
    etag = etag_of(text.encode())
    headers = {"cache-control": ASK_AGAIN, "etag": etag}
    if matches(request.headers.get("if-none-match", ""), etag):
        return Response(None, 304, headers)
    return Response(text, headers=headers, media_type=TEXT)
