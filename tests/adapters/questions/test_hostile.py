"""Files that are meant to harm: nothing else is read, nothing is written, and no memory is filled."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from adapters.questions import package as packages
from adapters.questions.found import UnreadableFile
from adapters.questions.reading import read_questions
from tests.adapters.questions.test_reading import FILES, package

ITEM = (FILES / "examples.qti21.xml").read_bytes()
QUESTION = (
    '<quiz><question type="truefalse"><name><text>n</text></name><questiontext format="html"><text>{}</text>'
    '</questiontext><answer fraction="100"><text>true</text></answer></question></quiz>'
)

LAUGHS = '<!DOCTYPE quiz [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
DOCTYPES = {
    "file": '<!DOCTYPE quiz [<!ENTITY x SYSTEM "{secret}">]>' + QUESTION.format("&x;"),
    "parameter": '<!DOCTYPE quiz [<!ENTITY % x SYSTEM "{secret}"> %x;]>' + QUESTION.format("y"),
    "external": '<!DOCTYPE quiz SYSTEM "{secret}">' + QUESTION.format("y"),
    "laughs": LAUGHS + "]>" + QUESTION.format("&i;"),
    "attributes": LAUGHS + "]>" + QUESTION.format("x").replace('"html"', '"&i;"'),
    "after-a-comment": "<!-- <quiz> --><?x <quiz>?>\n<!DOCTYPE quiz [<!ENTITY x 'y'>]>" + QUESTION.format("&x;"),
}


@pytest.mark.parametrize("name", DOCTYPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(name: str, encoding: str, tmp_path: Path) -> None:
    """So there are no entities, whatever they name, and whatever they would grow to."""
    secret = tmp_path / "secret"
    secret.write_text("the key")
    with pytest.raises(UnreadableFile, match="document type"):
        read_questions(DOCTYPES[name].replace("{secret}", secret.as_uri()).encode(encoding))


def test_includes_are_text_like_any_other() -> None:
    """XInclude and style sheets are not carried out."""
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    read = read_questions(('<?xml-stylesheet href="x.xsl"?>' + QUESTION.format(f"a{include}b")).encode())
    assert [found.question.text for found in read.found] == ["ab"]


def test_deep_trees_are_refused() -> None:
    """Nesting has a limit, below that of the stack."""
    with pytest.raises(UnreadableFile, match="no well-formed XML"):
        read_questions(QUESTION.format("<a>" * 100_000 + "</a>" * 100_000).encode())


@pytest.mark.parametrize("name", ["../../out.xml", "/out.xml", "a\\..\\..\\out.xml", "C:/out.xml"])
def test_an_entry_that_leads_out_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not written in any case: nothing is."""
    monkeypatch.chdir(tmp_path)
    read = read_questions(package(**{name: ITEM, "in.xml": ITEM}))
    assert (len(read.found), [each.reason for each in read.refused]) == (1, ["its name leads out of the package"])
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_is_unpacked_up_to_the_limit() -> None:
    """A gigabyte of spaces in a megabyte is refused, the rest is taken."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        with file.open("bomb.xml", "w") as bomb:
            for _ in range(40):
                bomb.write(b" " * 1_048_576)
        file.writestr("in.xml", ITEM)
    read = read_questions(content.getvalue())
    assert len(read.found) == 1
    assert [(each.file, each.reason) for each in read.refused] == [
        ("bomb.xml", f"it is larger than {packages.MOST_BYTES_OF_ENTRY} bytes when it is unpacked")
    ]


def test_sizes_in_the_directory_are_not_believed() -> None:
    """An entry that says it is small and is not ends as a broken one."""
    data = bytearray(package(**{"big.xml": b" " * 1_000_000, "in.xml": ITEM}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.find(mark)
        data[start + at : start + at + 4] = struct.pack("<I", 10)
    read = read_questions(bytes(data))
    assert len(read.found) == 1
    assert [each.file for each in read.refused] == ["big.xml"]


def test_encrypted_entries_are_refused() -> None:
    """There is no password to ask for."""
    data = bytearray(package(**{"secret.xml": ITEM, "in.xml": ITEM}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        data[start + at] |= 1
    read = read_questions(bytes(data))
    assert (len(read.found), [each.file for each in read.refused]) == (1, ["secret.xml"])


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<script>x()</script>a", "a"),
        ("<img src=x onerror=x()>", '<img src="x">'),
        ("<a href='javascript:x()'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<svg><script>x()</script></svg>a", "a"),
        ("<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=x()&gt;'>", None),
        ("<iframe srcdoc='<script>x()</script>'></iframe>a", "a"),
        ("<p style='background:url(x)'>a</p>", "<p>a</p>"),
    ],
)
def test_scripts_in_texts_are_taken_out(html: str, clean: str | None) -> None:
    """What acts in a browser is not stored."""
    read = read_questions(QUESTION.format(f"<![CDATA[{html}b]]>").encode())
    text = "".join(found.question.text for found in read.found)
    assert "onerror=x" not in text.replace("&lt;img src=1 onerror=x()&gt;", "")
    if clean is not None:
        assert text == f"{clean}b"


SLOW = {
    "braces": b"a{" * 200_000,
    "marks": b"a {" + b"~=" * 200_000 + b"}",
    "weights": b"a {" + b"~%" * 200_000 + b"}",
    "colons": b"::" * 300_000 + b"{=a}",
    "comments": b"// [tag:" * 100_000 + b"\na {=b}",
    "tags": b"//" + b"[tag:\\" * 100_000 + b"\n\na {=b}",
    "answers": b"A. a\n" * 100_000 + b"ANSWER: A",
    "gaps": QUESTION.replace("truefalse", "cloze").format("{1:SA:" * 50_000).encode(),
    "backslashes": QUESTION.replace("truefalse", "cloze").format("{1:SA:=" + "\\" * 200_000 + "}").encode(),
    "comment": b"<!--" + b"<!-" * 200_000 + b"--><quiz/>",
    "open comment": b"<!--" + b"- " * 200_000,
    "numbers": b"a {#" + b"1" * 300_000 + b"}",
}


@pytest.mark.parametrize("name", SLOW)
def test_reading_takes_time_as_the_file_is_long(name: str) -> None:
    """Files of half a megabyte that make careless readers try again from each place."""
    try:
        read = read_questions(SLOW[name])
    except UnreadableFile:
        return
    assert read.questions == len(read.found) + len(read.refused)
