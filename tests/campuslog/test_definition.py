"""A projection in a file of its own, and what can be wrong with such a file."""

from pathlib import Path

import pytest

from campuslog import BadProjection, Projection, load_projection
from campuslog.definition import load_rule, prepared
from projections.engine.projection import Handler

GOOD = """
import msgspec
from campuslog import Handler, Projection, RowKey, Table

class Row(msgspec.Struct):
    learner_id: str
    facts: int = 0

ROWS = Table("rows", Row, ("learner_id",))

class Base(Projection):
    version = 1

class Mine(Base):
    name = "mine"
    tables = (ROWS,)
    handlers = {"attempt.graded": Handler(lambda fact: [RowKey(ROWS, (fact.key,))], lambda fact, rows: None)}
"""


def test_the_class_of_a_file(tmp_path: Path) -> None:
    """What the file imports, and what its class inherits from, is not taken for its projection."""
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    found = load_projection(path)
    assert issubclass(found, Projection)
    assert (found.__name__, found.name) == ("Mine", "mine")
    assert isinstance(found.handlers["attempt.graded"], Handler)


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    """An analyst who edits the file and loads it again gets the new class."""
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    load_projection(path)
    path.write_text(GOOD.replace('name = "mine"', 'name = "ours"'))
    assert load_projection(path).name == "ours"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "has no projection", id="empty"),
        pytest.param("from campuslog import Projection", "has no projection", id="imported-only"),
        pytest.param(GOOD + "class Second(Base): pass", r"has 2 projections \(Mine, Second\)", id="two"),
        pytest.param("x = 1\ny = nothing", "line 2 fails: NameError: name 'nothing' is not defined", id="raises"),
        pytest.param("def (", "fails: SyntaxError", id="no-python"),
        pytest.param("import sys\nsys.exit(0)", "line 2 fails: SystemExit: 0", id="ends"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    """The message names the file, the line where there is one, and what to do."""
    path = tmp_path / "rule.py"
    path.write_text(text)
    with pytest.raises(BadProjection, match=message) as refused:
        load_projection(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("missing.py", "there is no file .*/missing.py$", id="missing"),
        pytest.param("notes.txt", "/notes.txt is no Python file$", id="text"),
        pytest.param(".", "is no Python file$", id="directory"),
    ],
)
def test_no_file(tmp_path: Path, name: str, message: str) -> None:
    """A path that leads to no Python file is named, and to none at all in other words."""
    (tmp_path / "notes.txt").write_text("buy milk")
    with pytest.raises(BadProjection, match=message):
        load_projection(tmp_path / name)


def test_a_rule_may_be_saved_in_any_encoding_that_python_reads(tmp_path: Path) -> None:
    """A rule file that names its encoding is a changed rule like any other; its text is kept decoded."""
    (tmp_path / "mine.py").write_text(GOOD)
    deployed = prepared(load_projection(tmp_path / "mine.py"))
    path = tmp_path / "rule.py"
    source = GOOD.replace("version = 1", "version = 2") + "# says Zo\u00eb\n"
    path.write_bytes(b"# -*- coding: latin-1 -*-\n" + source.encode("latin-1"))
    rule = load_rule(path, deployed)
    assert rule.rule_file is not None
    assert "says Zo\u00eb" in rule.rule_file.text


def test_a_file_that_is_not_in_its_encoding(tmp_path: Path) -> None:
    """Bytes that are no text are refused in a sentence, by `try` and by `rebuild --rule` alike."""
    (tmp_path / "mine.py").write_text(GOOD)
    deployed = prepared(load_projection(tmp_path / "mine.py"))
    path = tmp_path / "rule.py"
    path.write_bytes(GOOD.encode() + b"# \xff\n")
    with pytest.raises(BadProjection, match=r"rule.py is no text that Python can read: .*save it as UTF-8"):
        load_projection(path)
    with pytest.raises(BadProjection, match=r"rule.py is no text that Python can read: .*save it as UTF-8"):
        load_rule(path, deployed)


@pytest.mark.parametrize("number", ["0", "-1", "True", "1.0", "None", "2**31"])
@pytest.mark.parametrize("name", ["version", "segments"])
def test_numbers_that_no_generation_can_have(tmp_path: Path, name: str, number: str) -> None:
    """They are refused before a generation is begun, not by the database."""
    path = tmp_path / "rule.py"
    path.write_text(GOOD.replace('    name = "mine"\n', f'    name = "mine"\n    {name} = {number}\n'))
    with pytest.raises(BadProjection, match=rf"Mine.{name} is .*: take a whole number from 1 to|Mine\(\) fails"):
        prepared(load_projection(path))
