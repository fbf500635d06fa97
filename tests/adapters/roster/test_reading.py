"""Rosters as people and school systems write them, and files that are none."""

import io
import zipfile
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.csv_lines import BadLine
from adapters.roster import package as packages
from adapters.roster import tables
from adapters.roster.entries import BadRoster, Entry, Skipped
from adapters.roster.reading import read_roster

RUN = "algebra-1"
ADA, BOB = Entry(2, "", "s1", "ada@example.org", "Ada Lovelace"), Entry(3, "", "s2", "bob@example.org", "Bob Ö")
LIST = "Student ID;E-Mail;First Name;Nachname\ns1;ada@example.org;Ada;Lovelace\ns2;bob@example.org;Bob;Ö\n"
MANIFEST = "propertyName,value\nmanifest.version,1.0\noneroster.version,{}\nfile.users,bulk\nfile.enrollments,bulk\n"
USERS = {
    "1.1": (
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,email\n"
        "s1,,,true,o1,student,ada,Ada,Lovelace,ada@example.org\n"
        "s2,,,true,o1,student,bob,Bob,Ö,bob@example.org\ns3,,,true,o1,teacher,cid,Cid,,cid@example.org\n"
    ),
    "1.2": (
        "sourcedId,status,dateLastModified,enabledUser,username,givenName,familyName,email,userMasterIdentifier\n"
        "s1,active,2026-01-01,true,ada,Ada,Lovelace,ada@example.org,m1\n"
        "s2,tobedeleted,2026-01-01,true,bob,Bob,Ö,bob@example.org,m2\ns3,active,,true,cid,Cid,,cid@example.org,m3\n"
    ),
}
ENROLLMENTS = (
    "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n"
    "e1,,,c1,o1,s1,student,,,\ne2,,,c1,o1,s2,student,,,\ne3,,,c1,o1,s3,teacher,true,,\ne4,,,c2,o1,s9,student,,,\n"
)
CLASSES = f"sourcedId,status,dateLastModified,title,classCode\nc1,,,Algebra,{RUN}\nc2,,,Music,music-1\n"


def package(version: str = "1.1", **files: str) -> bytes:
    """A OneRoster package; a file that is empty is left out."""
    whole = {
        "manifest": MANIFEST.format(version),
        "users": USERS[version],
        "enrollments": ENROLLMENTS,
        "classes": CLASSES,
    }
    return zipped({f"{name}.csv": text.encode() for name, text in {**whole, **files}.items() if text})


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def refused(content: bytes, class_id: str = "") -> str:
    """Why a file is no roster."""
    with pytest.raises(BadRoster) as error:
        read_roster(content, RUN, class_id)
    return str(error.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_list_is_read_as_it_was_written(encoding: str, delimiter: str) -> None:
    """By any of the usual programs; columns are found by what people call them."""
    found = read_roster(LIST.replace(";", delimiter).replace("\n", "\r\n").encode(encoding), RUN)
    assert (found.format, found.lines, found.ignored) == ("csv", [ADA, BOB], [])


def test_what_lines_of_a_list_say() -> None:
    """Who leaves, who is no learner, what is wrong; columns that mean nothing are named, and blank lines are none."""
    text = "learner_id,Status,Role,Phone\n7,dropped,,1\n\n8,active,student,2\n9,,teacher,3\n10,maybe,,4\n,,,5\n11,,\n"
    found = read_roster(text.encode(), RUN)
    assert found.ignored == ["Phone"]
    assert found.lines == [
        Entry(2, "7", leaves=True),
        Entry(4, "8"),
        Skipped(5, "only learners are enrolled: staff have roles"),
        BadLine(line=6, field="status", problem="is no word that says who enters or leaves"),
        BadLine(line=7, field="", problem="says of no person who it is"),
        BadLine(line=8, field="", problem="there are 3 fields, and 4 columns"),
    ]


def test_a_package_of_1_1() -> None:
    """The students of the class whose code is the run; teachers are left out."""
    found = read_roster(package(), RUN)
    assert found.format == "oneroster-1.1"
    assert found.lines == [ADA, BOB, Skipped(4, "only students are enrolled: staff have roles")]


def test_a_package_of_1_2() -> None:
    """Who is to be deleted leaves; the class may be named by its id or its code."""
    found = read_roster(package("1.2"), "another", "c1")
    assert found.format == "oneroster-1.2"
    assert found.lines[:2] == [ADA, BOB._replace(leaves=True)]
    assert read_roster(package("1.2"), "another", RUN).lines == found.lines
    assert read_roster(package(), RUN, "c2").lines == [
        BadLine(line=5, field="userSourcedId", problem="is not in users.csv")
    ]


def test_what_packages_have_to_say() -> None:
    """Each thing that is missing is named."""
    assert "no manifest.csv" in refused(package(manifest=""))
    assert "oneroster.version '2.0'" in refused(package(manifest=MANIFEST.format("2.0")))
    assert "users.csv is absent" in refused(package(manifest="propertyName,value\noneroster.version,1.1\n"))
    assert "no enrollments.csv" in refused(package(enrollments=""))
    assert "users.csv has no column email" in refused(package(users="sourcedId\ns1\n"))
    assert "2 classes (c1, c2)" in refused(package(classes=""))
    assert "not one that is c9" in refused(package(), "c9")


def test_hostile_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths, bombs, what is encrypted, damaged or there twice: nothing of it is unpacked."""
    for name in ("../users.csv", "/etc/users.csv", "a\\users.csv", "c:users.csv", "x/"):
        assert "files at the top" in refused(zipped({name: b"x"}))
    assert "101 files" in refused(zipped({f"f{number}.csv": b"x" for number in range(101)}))
    twice = zipped({"users.csv": b"a", "users.csw": b"b"}).replace(b"users.csw", b"users.csv")
    assert "twice" in refused(twice)
    whole = package()
    assert "damaged" in refused(whole[: len(whole) // 2])
    assert "damaged" in refused(whole.replace(whole[40:60], b"x" * 20, 1))
    encrypted = bytearray(package())
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refused(bytes(encrypted))
    monkeypatch.setattr(packages, "MOST_BYTES", 10_000)
    assert "larger than 10000 bytes" in refused(package(users=USERS["1.1"] + "," * 1_000_000))


def test_hostile_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in them, no text, quotes that do not end, fields and files without an end."""
    assert "is empty" in refused(b"")
    assert "is empty" in refused(b"\xef\xbb\xbf \r\n")
    assert "control characters" in refused(b"email\nada\x00@example.org\n")
    assert "control characters" in refused(b"email\nada\x1b[2J@example.org\n")
    assert "line 2" in refused(b'email\n"ada@example.org\n')
    assert "no text" in refused(b"\xff\xfee\x00\x00\xd8\x00")
    assert "one of them email" in refused(b"name\nAda\n")
    assert "both are the email" in refused(b"email,E-Mail\na,b\n")
    assert "line 2" in refused(b"email\n" + b"x" * 200_000)
    long = read_roster(b"email\n" + b"x" * 20_000 + b"\n", RUN)
    assert long.lines == [BadLine(line=2, field="", problem="a field has more than 10,000 characters")]
    monkeypatch.setattr(tables, "MOST_LINES", 10)
    assert "more than 10 lines" in refused(b"email\n" + b"a@example.org\n" * 11)
    assert "at most 16,000,000" in refused(b"email\n" + b"x" * 16_000_000)


@pytest.mark.parametrize("examples", [50, pytest.param(5_000, marks=pytest.mark.slow)])
def test_whatever_is_sent_is_read_or_refused(examples: int) -> None:
    """Random bytes, and packages and lists of which some bytes were changed."""
    seeds = [package(), package("1.2"), LIST.encode(), LIST.encode("utf-16")]

    @settings(max_examples=examples, deadline=None)
    @given(st.sampled_from(seeds), st.lists(st.tuples(st.integers(0, 4_000), st.binary(max_size=8)), max_size=6))
    def check(seed: bytes, edits: list[tuple[int, bytes]]) -> None:
        content = bytearray(seed)
        for place, other in edits:
            content[place % (len(content) + 1) : place % (len(content) + 1) + len(other)] = other
        with suppress(BadRoster):
            assert read_roster(bytes(content), RUN).format

    check()
