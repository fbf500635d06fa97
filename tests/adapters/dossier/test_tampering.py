"""Whatever is changed in a dossier, its check finds it, and names the file or the position of the fact."""

import asyncio
import io
import json
import os
import random
import zipfile
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.dossier.assemble import zipped
from adapters.dossier.one_file import PARTS, verifier
from adapters.dossier.refold import differences, is_own_verifier
from adapters.dossier.verifier.checks import CHECKPOINT, KEYS, MANIFEST, STATEMENT, check
from adapters.dossier.verifier.command import in_words, main
from adapters.dossier.verifier.leaves import FACTS, PROOF
from adapters.dossier.verifier.notes import Key
from adapters.dossier.verifier.page_check import PAGE
from domain.proofs.checkpoint import read_checkpoint
from domain.proofs.leaf import entry_of, read_entry
from domain.proofs.note import ED25519, Signature, Signer, read_note, signed
from projections.registry import PROJECTIONS
from tests.support.dossiers import Made, made_in_memory, unzipped
from tests.support.facts import History, day

NEW_LINE = b"\n"
LEARNER = "7-1"  # with a hyphen, as ids may have
CHANGED = settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@cache
def made() -> Made:
    """A dossier of a learner on a run with others, who waited for a seat."""
    history = History().course()
    for learner in (LEARNER, "8", "9"):
        history.enrolled(learner).add("seats-AAA-1", "seats.taken", learner_id=learner)
    for number in range(9):
        for learner in (LEARNER, "8"):
            history.clicked(learner, number, day(number))
    history.submitted(LEARNER, "tma1", day(12)).graded(LEARNER, "tma1", 6_400, day(14))
    for number in range(6):
        history.clicked("9", number, day(20 + number))
    return asyncio.run(made_in_memory(history.facts, LEARNER))


@cache
def lines() -> list[bytes]:
    """The lines of facts.jsonl."""
    return made().files[FACTS].splitlines(keepends=True)


def with_facts(changed: list[bytes]) -> list[str]:
    """What is wrong when the facts are others, and the campus itself has signed the rest once more."""
    return check(made().signed_again({**made().files, FACTS: b"".join(changed)})).wrong


def differs(files: dict[str, bytes]) -> list[str]:
    """Where documents differ from what the facts make."""
    return asyncio.run(differences(check(made().files), files, PROJECTIONS))


def position(line: bytes) -> int:
    """The position of the fact in a line."""
    found: int = json.loads(line)["position"]
    return found


def test_the_dossier_is_right() -> None:
    """Nothing is wrong with what was made, also where it was signed once more; it says what is proven and what not."""
    report = check(made().files)
    assert report.wrong == check(made().signed_again(made().files)).wrong == []
    assert report.statement is not None
    assert list(report.statement.named) == ["seats-AAA-1"]
    assert report.statement.rules == {"course-AAA": 2, "run-AAA-1": 1}
    assert [fact.position for fact in report.facts] == [position(line) for line in lines()]
    said = in_words(report)
    assert said.startswith(f"RIGHT. Dossier of learner {LEARNER} at position {report.statement.position}.")
    assert "Not proven:" in said


def test_a_leaf_is_the_one_of_the_log() -> None:
    """The file alone makes the entry of a fact as the domain does."""
    by_position = {row[0]: row for row in made().log}
    for fact in check(made().files).facts:
        entry = read_entry(entry_of(by_position[fact.position]))
        assert (entry.stream_id, entry.stream_version, entry.type) == (fact.stream, fact.version, fact.type)


@CHANGED
@given(st.data())
def test_any_byte_of_any_file(data: st.DataObject) -> None:
    """One changed byte is found, and the file is named; in a fact, its position too."""
    name = data.draw(st.sampled_from(sorted(made().files)))
    a_byte_is_found(name, data.draw(st.integers(0, len(made().files[name]) - 1)), data.draw(st.integers(1, 255)))


def test_a_blank_of_another_kind() -> None:
    """What a fact says is as it was, and its line is not: found, with the position."""
    a_byte_is_found(FACTS, made().files[FACTS].index(b" "), ord(" ") ^ ord("\r"))


@pytest.mark.slow
def test_many_bits() -> None:
    """The same for 10,000 bits, or a tenth of CAMPUSLOG_TAMPERINGS; as many of facts as of all other files."""
    chance, names = random.Random(3), sorted(made().files)
    for _ in range(int(os.environ.get("CAMPUSLOG_TAMPERINGS", "100000")) // 10):
        name = chance.choice([FACTS, chance.choice(names)])
        a_byte_is_found(name, chance.randrange(len(made().files[name])), 1 << chance.randrange(8))


def a_byte_is_found(name: str, at: int, change: int) -> None:
    """Change a byte of a file, and check."""
    files = made().files
    content = bytearray(files[name])
    content[at] ^= change
    wrong = check({**files, name: bytes(content)}).wrong
    assert any(name in each for each in wrong), wrong
    if name == FACTS and at < len(content) - 1:
        place = f"position {position(lines()[files[name][:at].count(NEW_LINE)])} "
        assert any(place in each for each in wrong), wrong


@CHANGED
@given(data=st.data())
def test_any_byte_of_the_zip_file(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A byte of a member that was changed within the zip file is found, too."""
    content = bytearray(zipped(made().files))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entry = data.draw(st.sampled_from(archive.infolist()))
    start = entry.header_offset + 30 + len(entry.filename)
    content[start + data.draw(st.integers(0, entry.file_size - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("zip") / "dossier.zip"
    path.write_bytes(content)
    assert main([str(path)]) == 1


@CHANGED
@given(st.data())
def test_a_fact_is_removed_added_swapped_or_moved(data: st.DataObject) -> None:
    """Although manifest and statement are signed again by the campus's own key: the tree and the lengths say so."""
    changed = list(lines())
    number = data.draw(st.integers(0, len(changed) - 1))
    chosen = json.loads(changed[number])
    match data.draw(st.sampled_from(["remove", "repeat", "swap", "move", "rename", "edit", "shift"])):
        case "remove":
            del changed[number]
        case "repeat":
            changed.insert(number, changed[number])
        case "swap":
            other = data.draw(st.integers(0, len(changed) - 1).filter(lambda each: each != number))
            changed[number], changed[other] = changed[other], changed[number]
        case "move":
            chosen["stream_id"] = f"progress-{LEARNER}:BBB-1"
            changed[number] = json.dumps(chosen).encode() + b"\n"
        case "rename":
            chosen["type"] = "enrollment.withdrawn"
            changed[number] = json.dumps(chosen).encode() + b"\n"
        case "edit":
            chosen["data"] = chosen["data"].replace("}", ', "amount": 1}') if chosen["data"] != "{}" else "{ }"
            changed[number] = json.dumps(chosen).encode() + b"\n"
        case _:
            chosen["position"] += 1
            changed[number] = json.dumps(chosen).encode() + b"\n"
    wrong = with_facts(changed)
    assert any("position" in each or "is not whole" in each or "has its facts" in each for each in wrong), wrong


def test_a_stream_is_left_out() -> None:
    """Every stream that the statement names has to be here; one that it does not name may not be."""
    for stream in {json.loads(line)["stream_id"] for line in lines()}:
        wrong = with_facts([line for line in lines() if json.loads(line)["stream_id"] != stream])
        assert any(each.startswith(stream) for each in wrong), (stream, wrong)
    report = check(made().files)
    text = read_note(made().files[STATEMENT].decode()).text
    for line in text.splitlines():
        if line.startswith(("own", "named", "rules")):
            note = signed(text.replace(f"{line}\n", ""), made().signers)
            wrong = check({**made().files, STATEMENT: str(note).encode()}).wrong
            stream = json.loads(line.split(" ", 2)[2])
            first = next(fact.position for fact in report.facts if fact.stream == stream)
            assert f"the fact at position {first} is of {stream}, which statement.txt does not name" in wrong


def test_a_fact_of_another_learner_is_no_part_of_it() -> None:
    """A fact that is really in the log, with its proof, is found: its stream is not named."""
    log = [row for row in made().log if row[1].startswith("enrollment-8")]
    other = asyncio.run(made_in_memory(History().course().enrolled("8").facts, "8"))
    line = next(each for each in other.files[FACTS].splitlines(keepends=True) if b"enrollment-8" in each)
    wrong = with_facts(sorted([*lines(), line], key=position))
    assert log
    assert any("enrollment-8" in each for each in wrong)


def test_keys_from_elsewhere() -> None:
    """A key that was given has to be among those that signed; a forger's own key is no help, and is shown otherwise."""
    (key,) = [line.removeprefix("campus ") for line in made().files[KEYS].decode().splitlines()]
    assert check(made().files, [key]).wrong == []
    origin = read_checkpoint(read_note(made().files[CHECKPOINT].decode())).origin
    another = Signer(origin, ED25519, b"9" * 32)
    (wrong,) = [each for each in check(made().files, [another.verifier.vkey]).wrong if "given" in each]
    assert wrong == "no key that was given has signed: keys.txt has others"
    forged = {**made().files, KEYS: f"campus {another.verifier.vkey}\n".encode()}
    assert any("not signed by every key" in each for each in check(forged).wrong)


def test_a_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cosignature counts if its key was given, and if it is right."""
    note = read_note(made().files[CHECKPOINT].decode())
    witness = Signer("witness.example/w1", 4, b"3" * 32)
    cosigned = note._replace(signatures=(*note.signatures, witness.sign(note.text, 1_700_000_000)))
    files = made().signed_again({**made().files, CHECKPOINT: str(cosigned).encode()})
    report = check(files, [], [witness.verifier.vkey])
    assert report.wrong == []
    assert "cosigned by witness.example/w1" in in_words(report)
    assert "no witness" in in_words(check(files))
    late = note._replace(signatures=(*note.signatures, witness.sign(note.text + "x", 1_700_000_000)))
    files = made().signed_again({**made().files, CHECKPOINT: str(late).encode()})
    wrong = check(files, [], [witness.verifier.vkey]).wrong
    assert any("signature of witness.example/w1 is wrong" in each for each in wrong)


def test_the_page_against_documents_and_facts() -> None:
    """A figure that was changed, a value without a source and a row that is left out are found, though signed."""
    page = made().files[PAGE].decode()
    assert "64.00 %" in page
    for before, after, said in (
        ("64.00 %", "84.00 %", "shows '84.00 %'"),
        ("</tbody>", "<tr><td>100.00 %</td></tr></tbody>", "without saying of what"),
        (
            page[page.index('<tr><td data-of="[&quot;facts&quot;') :].split("\n", 1)[0],
            "",
            "leaves out the fact at position",
        ),
    ):
        files = made().signed_again({**made().files, PAGE: page.replace(before, after, 1).encode()})
        wrong = check(files).wrong
        assert any(said in each for each in wrong), (said, wrong)


def test_documents_that_do_not_follow_from_the_facts() -> None:
    """The file alone cannot see it, if campus and page say the same; the code that folds does."""
    name = "documents/gradebook.json"
    assert differs(made().files) == []
    document = json.loads(made().files[name])
    document["rows"]["gradebook"][0]["best_bp"] = 8_400
    page = made().files[PAGE].replace(b"64.00 %", b"84.00 %", 1)
    files = {**made().files, name: json.dumps(document).encode()}
    (found,) = differs(files)
    assert found == f"{name}: row 0 of gradebook has best_bp 8400, and not 6400"
    assert page != made().files[PAGE]
    assert is_own_verifier(files)
    assert not is_own_verifier({**files, "verify.py": b"print('RIGHT')"})


@CHANGED
@given(
    st.dictionaries(
        st.sampled_from([MANIFEST, STATEMENT, CHECKPOINT, KEYS, FACTS, PROOF, PAGE]), st.binary(max_size=300)
    )
)
def test_no_file_breaks_the_check(files: dict[str, bytes]) -> None:
    """Whatever stands in the files, and whichever is missing, the check ends with sentences."""
    assert check(files).wrong
    assert check({**made().files, **files}).wrong or not files


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([STATEMENT, CHECKPOINT, PROOF, FACTS, MANIFEST, KEYS, PAGE]))
def test_no_mixture_breaks_the_check(seed: int, name: str) -> None:
    """Pieces of a file cut out, repeated and exchanged: found, and never an exception."""
    chance, content = random.Random(seed), made().files[name]
    pieces = [content[at : at + 40] for at in range(0, len(content), 40)]
    chance.shuffle(pieces)
    mixed = b"".join(pieces[: chance.randrange(len(pieces) + 1)])
    if mixed != content:
        assert check({**made().files, name: mixed}).wrong
        assert check(
            made().signed_again({**made().files, name: mixed}) if name not in {MANIFEST, STATEMENT} else {}
        ).wrong


def test_no_zip_file_breaks_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no zip file, is cut off, or has a file twice: a sentence, and exit code 1."""
    path, content = tmp_path / "dossier.zip", zipped(made().files)
    path.write_bytes(content)
    assert main([str(path)]) == 0
    for cut in (0, 1, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        assert main([str(path)]) == 1
    path.write_bytes(content)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(FACTS, made().files[FACTS])
    assert main([str(path)]) == 1
    assert main([str(tmp_path / "nothing.zip")]) == 1
    assert "WRONG." in capsys.readouterr().out
    assert unzipped(content) == made().files


def test_the_same_facts_are_the_same_bytes() -> None:
    """Nothing of when or where a dossier was made is in it."""
    made.cache_clear()
    first = zipped(made().files)
    made.cache_clear()
    assert zipped(made().files) == first


def test_one_file() -> None:
    """`verify.py` has every part once, imports the standard library only, and is no part of the project."""
    text = verifier().decode()
    assert "adapters" not in text.replace("adapters.dossier", "")
    assert "from adapters" not in text
    assert text.count("# --- ") == len(PARTS)
    names = {"__name__": "verify"}
    exec(compile(text, "verify.py", "exec"), names)  # noqa: S102 - that is the point
    assert check(made().files).wrong == names["check"](made().files).wrong == []  # type: ignore[operator]


def test_witnesses_that_the_dossier_names() -> None:
    """Their signatures are checked, of both kinds, and it is said that the keys may be others'."""
    note = read_note(made().files[CHECKPOINT].decode())
    one, other = Signer("witness.example/w1", 4, b"3" * 32), Signer("witness.example/w2", 6, b"4" * 32)
    signatures = (*note.signatures, *(each.sign(note.text, 1_700_000_000) for each in (one, other)))
    lines = "".join(f"witness {each.verifier.vkey}\n" for each in (one, other))
    named = {
        CHECKPOINT: str(note._replace(signatures=signatures)).encode(),
        KEYS: made().files[KEYS] + lines.encode(),
    }
    said = in_words(check(made().signed_again({**made().files, **named})))
    assert said.startswith("RIGHT.")
    proven, left = said.split("Not proven:")
    assert "cosigned by a key that this dossier calls that of the witness witness.example/w1." in proven
    assert f"compare its SHA-256, {sha256(one.verifier.public).hexdigest()}" in left
    assert "cosigned in ML-DSA-44 by a key that this dossier calls that of the witness witness.example/w2." in proven
    assert f"compare its SHA-256, {sha256(other.verifier.public).hexdigest()}" in left
    assert "no witness whose key" not in left
    both = [one.verifier.vkey, other.verifier.vkey]
    known = in_words(check(made().signed_again({**made().files, **named}), [], both))
    assert "is cosigned by witness.example/w1, witness.example/w2: the log that they saw is this one" in known
    assert "here is the witness's" not in known
    for each in (one, other):
        later = each.sign(note.text, 1_700_000_000)
        late = (*note.signatures, later._replace(value=later.value[:7] + b"!" + later.value[8:]))
        named[CHECKPOINT] = str(note._replace(signatures=late)).encode()
        wrong = check(made().signed_again({**made().files, **named})).wrong
        assert any(f"signature of {each.name} is wrong" in every for every in wrong)
    odd = Key("witness.example/w3", 9, b"5" * 32)
    unknown = f"witness {odd.name}+{odd.id.hex()}+{b64encode(bytes([odd.kind]) + odd.public).decode()}\n"
    signature = Signature(odd.name, int.from_bytes(odd.id), b"6" * 72)
    named = {
        CHECKPOINT: str(note._replace(signatures=(*note.signatures, signature))).encode(),
        KEYS: made().files[KEYS] + unknown.encode(),
    }
    said = in_words(check(made().signed_again({**made().files, **named})))
    assert "cosignature of witness.example/w3: it is of a kind that this verify.py does not know (9)." in said
