"""docs/howto/add-a-context.md is followed to the letter in a copy of the checkout: no step can be left out."""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.page_edits import PlaceNotFound, edited

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[1]
HOWTO = (ROOT / "docs/howto/add-a-context.md").read_text()


class Step(NamedTuple):
    """A file to write, or (*is_edit*) a change to one that is there."""

    path: str
    text: str
    is_edit: bool


STEPS = [
    Step(path, text, language == "diff")
    for language, path, text in re.findall(r'^```(\w+) title="([^"]+)"\n(.*?)^```$', HOWTO, re.DOTALL | re.MULTILINE)
]
EDITS = [step.path for step in STEPS if step.is_edit]


def copy_of_checkout(target: Path) -> Path:
    """The files that git tracks, in a directory of their own."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        if (ROOT / line).is_file():
            (target / line).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / line, target / line)
    return target


def follow(steps: Sequence[Step], checkout: Path) -> None:
    """Do what the page says."""
    for step in steps:
        path = checkout / step.path
        if step.is_edit:
            try:
                path.write_text(edited(path.read_text(), step.text))
            except PlaceNotFound as error:
                raise AssertionError(f"docs/howto/add-a-context.md, {step.path}: {error}") from error
        else:
            assert not path.exists(), f"{step.path} is there already"
            path.write_text(step.text if path.suffix == ".py" else step.text.rstrip("\n"))  # bytes of a fact are exact


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a tool in the copy."""
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def run_tests(checkout: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Run some tests of the copy."""
    return run(checkout, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *names)


def test_every_step_can_be_taken(tmp_path: Path) -> None:
    """The edits fit the files that are there, and what comes of them is Python; `test_the_context_works` runs it."""
    follow(STEPS, checkout := copy_of_checkout(tmp_path))
    for path in {step.path for step in STEPS if step.path.endswith(".py")}:
        compile((checkout / path).read_text(), path, "exec")


@pytest.mark.parametrize("text", ["", "a = (\n)\nb = (\n)\n"])
@pytest.mark.parametrize("diff", ["@@\n+    1,\n )\n", "@@ = (\n+    1,\n )\n"])
def test_an_edit_has_one_place(text: str, diff: str) -> None:
    """What is not in the file, or there twice, is refused."""
    with pytest.raises(PlaceNotFound):
        edited(text, diff)


def test_an_edit_changes_its_place_only() -> None:
    """Words name the line above it, and the rest of a line is kept."""
    text = "a = (\n)\nb = (\n    2,\n)\nimport x, y\n"
    after = edited(text, "@@ b = \n+    1,\n )\n@@\n-import x, …\n+import w, x, …\n")
    assert after == "a = (\n)\nb = (\n    2,\n    1,\n)\nimport w, x, y\n"


@pytest.mark.slow
def test_the_context_works(tmp_path: Path) -> None:
    """A reader who follows the page has a context whose tests pass, on real servers, and that breaks no contract."""
    checkout = copy_of_checkout(tmp_path)
    follow(STEPS, checkout)
    own = [
        step.path for step in STEPS if step.path.startswith("tests/") and step.path.rpartition("/")[2][:5] == "test_"
    ]
    done = run_tests(checkout, *own, "tests/test_contexts.py", "tests/domain")
    assert done.returncode == 0, done.stdout[-4_000:]
    for tool in (["lint-imports", "--no-logo", "--no-cache"], ["ruff", "check", "--no-cache", "."]):
        checked = run(checkout, str(Path(sys.executable).with_name(tool[0])), *tool[1:])
        assert checked.returncode == 0, checked.stdout[-4_000:]


def test_the_page_names_every_file() -> None:
    """The list at the end of the page has the files of its steps, and no others."""
    listed = re.findall(r"^\| `([^`]+)` \|", HOWTO, re.MULTILINE)
    assert sorted(listed) == sorted({step.path for step in STEPS})


@pytest.mark.slow
@pytest.mark.parametrize("left_out", EDITS)
def test_no_edit_can_be_left_out(left_out: str, tmp_path: Path) -> None:
    """A context that is forgotten in one place fails a test that needs no server."""
    checkout = copy_of_checkout(tmp_path)
    follow([step for step in STEPS if step.path != left_out], checkout)
    assert run_tests(checkout, "-x", "tests/test_contexts.py", "tests/domain/test_streams.py").returncode != 0
