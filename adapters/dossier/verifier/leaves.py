"""Facts, their leaves in the tree (docs/proofs.md), and the hashes that lead from a leaf to the root (RFC 9162)."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from datetime import datetime, timedelta
from typing import NamedTuple

from adapters.dossier.verifier.notes import NUMBER, Wrong, base64_of, json_of, number_of, text_of

FACTS, PROOF = "facts.jsonl", "proof.txt"
PROOF_HEAD = "campuslog dossier proof v1"
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Fact(NamedTuple):
    """A fact: its stored bytes, and its envelope."""

    position: int
    stream: str
    version: int
    type: str
    schema_version: int
    partition: int
    occurred_at: str
    recorded_at: str
    data: bytes
    meta: bytes

    @property
    def leaf(self) -> bytes:
        """The hash that stands for it in the tree."""
        content = b"".join(struct.pack(">Q", len(each)) + each for each in (self.data, self.meta))
        stream, name = self.stream.encode(), self.type.encode()
        numbers = (1, self.position, self.version, self.schema_version, self.partition)
        times = (_microseconds(self.occurred_at), _microseconds(self.recorded_at))
        head = struct.pack(">BQIIHqqH", *numbers, *times, len(stream))
        entry = head + stream + struct.pack(">H", len(name)) + name + hashlib.sha256(b"\x02" + content).digest()
        return hashlib.sha256(b"\x00" + entry).digest()


def fact_of(line: bytes, what: str) -> Fact:
    """A line of facts.jsonl."""
    raw = json_of(text_of(line, what), what)
    try:
        data, meta = (
            raw[name].encode() if name in raw else base64.b64decode(raw[f"{name}_base64"], validate=True)
            for name in ("data", "meta")
        )
        values = [raw[name] for name in FIELDS]
    except (KeyError, TypeError, ValueError, AttributeError):
        values, data, meta = [], b"", b""
    if [type(each) for each in values] != list(FIELDS.values()):
        raise Wrong(f"{what} lacks a field, or has it in another form")
    if json.dumps(raw, ensure_ascii=False).encode() != line:  # such as another blank between two fields
        raise Wrong(f"{what} is written in another form than in a dossier")
    return Fact._make([*values, data, meta])


FIELDS = {
    "position": int,
    "stream_id": str,
    "stream_version": int,
    "type": str,
    "schema_version": int,
    "partition": int,
    "occurred_at": str,
    "recorded_at": str,
}


def _microseconds(text: str) -> int:
    """Since 1970; the text has to be in the one form that a dossier uses."""
    time = datetime.fromisoformat(text)
    if text != time_text(time):
        raise ValueError(text)
    return (time - EPOCH) // timedelta(microseconds=1)


def time_text(time: datetime) -> str:
    """A time (UTC) as a dossier writes it: with six digits of the second."""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06d}Z".rjust(27, "0")


def path_of(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose hashes lead from a leaf to the root, from the leaf's neighbour up."""
    first, end = 0, size
    path = []
    while end - first > 1:
        middle = first + (1 << (end - first - 1).bit_length() - 1)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((first, middle))
            first = middle
    return path[::-1]


def root_by(leaf: bytes, index: int, size: int, nodes: dict[tuple[int, int], bytes]) -> bytes | None:
    """The root to which a leaf and the hashes of a proof lead; None if the proof lacks one."""
    found = leaf
    for each in path_of(index, size):
        if each not in nodes:
            return None
        left, right = (nodes[each], found) if each[1] <= index else (found, nodes[each])
        found = hashlib.sha256(b"\x01" + left + right).digest()
    return found


class Proof(NamedTuple):
    """proof.txt: the size of the tree, the positions of the facts, and the hashes of ranges of leaves, each once."""

    size: int
    positions: list[int]
    nodes: dict[tuple[int, int], bytes]


def proof_of(data: bytes) -> Proof:
    """Read proof.txt."""
    lines = text_of(data, PROOF).split("\n")
    words = [line.split(" ") for line in lines[1:3]]
    if lines[0] != PROOF_HEAD or len(words) < 2 or words[0][0] != "size" or words[1][0] != "facts" or lines[-1]:
        raise Wrong(f"{PROOF} is not in the form that it has in a dossier")
    nodes = {}
    for number, line in enumerate(lines[3:-1], 4):
        first, _, rest = line.partition(" ")
        end, _, encoded = rest.partition(" ")
        raw = base64_of(encoded)
        if not NUMBER.fullmatch(first) or not NUMBER.fullmatch(end) or len(raw) != 32:
            raise Wrong(f"{PROOF}, line {number}, is not two numbers and a hash")
        nodes[int(first), int(end)] = raw
    return Proof(number_of(words[0][1], PROOF), [number_of(each, PROOF) for each in words[1][1:]], nodes)
