"""
Generated files and mutations of files: each is read or refused, and nothing else happens.

A file follows from its seed alone. The slow suite tries a hundred thousand in parts of ten thousand, each of which can
be run by itself: `pytest -m slow tests/adapters/questions/test_fuzz.py -k 30000`.
"""

import io
import random
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from adapters.questions.found import UnreadableFile
from adapters.questions.reading import read_questions
from adapters.questions.writing import entries_of, write_questions
from domain.questions import check_question
from tests.adapters.questions.test_reading import FILES, TAKEN, package

BASES = [(FILES / name).read_bytes() for name in TAKEN]
BASES.append(package(**{"one.xml": BASES[3], "two.xml": BASES[4], "three.xml": BASES[5], "imsmanifest.xml": b"<m/>"}))
BASES += [write_questions(each, entries_of(read_questions(BASES[2]).found)).data for each in ("gift", "moodle", "qti3")]

WORDS = [
    *(b"{", b"}", b"=", b"~", b"#", b"####", b"->", b"%50%", b"%-33.3%", b"::", b"//", b"[html]", b"TRUE", b"\n\n"),
    *(b"<", b">", b"</", b"/>", b"&amp;", b"&x;", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?x?>", b"<!DOCTYPE q>"),
    *(b"ANSWER: A", b"\nA. x\n", b"<question type='cloze'>", b"{1:SA:=x}", b"<answer fraction='1e999'>", b"1e308"),
    *(b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"PK\x03\x04", b"1" * 400, b"1/0", b"..", b"{{g1}}"),
    *(b"<mapEntry mapKey='A' mappedValue='x'/>", b"<img src='x'/>", b"identifier=''", b"maxChoices='99999999999'"),
    *(b"\\", b'"', b"-0", b"|"),
]


def mutated(seed: int) -> bytes:
    """A file of a seed: one of the examples with some changes, or words in a row."""
    draw = random.Random(seed)
    if draw.random() < 0.2:
        start = draw.choice([b"", b"<quiz>", b"<questestinterop>", b"PK\x03\x04", b"a {"])
        return start + b" ".join(draw.choices(WORDS, k=draw.randrange(60)))
    data = bytearray(draw.choice(BASES))
    for _ in range(draw.randrange(1, 8)):
        at = draw.randrange(len(data) + 1)
        to = min(len(data), at + draw.choice([0, 1, 3, 20, 200]))
        data[at:to] = draw.choice([b"", draw.choice(WORDS), bytes(data[at:to]) * 2, draw.randbytes(draw.randrange(4))])
    if draw.random() < 0.1:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("item.xml", bytes(data))
        return content.getvalue()
    return bytes(data)


_opened: list[Any] | None = None


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is not None and event in ("open", "socket.connect", "subprocess.Popen", "os.system", "os.mkdir"):
        _opened.append((event, arguments[:1]))


sys.addaudithook(_hear)


@contextmanager
def nothing_opened() -> Iterator[None]:
    """No file is opened, no process started and no connection made by this process."""
    global _opened  # noqa: PLW0603 - a hook cannot be taken away
    _opened = []
    try:
        yield
        assert _opened == []
    finally:
        _opened = None


SLOW = [pytest.param(first, 10_000, marks=pytest.mark.slow) for first in range(0, 100_000, 10_000)]


@pytest.mark.parametrize(("first", "count"), [(1_000_000, 200), *SLOW])
def test_any_file_is_read_or_refused(first: int, count: int) -> None:
    """What is taken makes sense; each question that the file has is taken or refused with a reason."""
    for encoding in ("cp1252", "iso-8859-15", "utf-16", "utf-32"):
        read_questions("ü {=a}".encode(encoding))  # what Python imports at first use is imported
    for seed in range(first, first + count):
        data = mutated(seed)
        with nothing_opened():
            try:
                read = read_questions(data)
            except UnreadableFile:
                continue
        assert read.questions == len(read.found) + len(read.refused)
        assert all(each.reason for each in read.refused)
        for found in read.found:
            check_question(found.question, found.key)
