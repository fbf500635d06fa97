"""docs/howto/sdk.md: every example runs, in the order in which it stands there."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from adapters.parquet.export import export
from adapters.settings import Settings
from tests.campuslog.conftest import announce

DOCS = Path(__file__).parents[2] / "docs"
HOWTO = (DOCS / "howto" / "sdk.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", HOWTO, re.DOTALL)


def changed(rule: str) -> str:
    """A read model's file with the change that the page shows."""
    ((old, new),) = re.findall(r"```diff\n-(.*)\n\+(.*)\n```", HOWTO)
    assert rule.count(old) == 1
    return rule.replace(old, new)


def test_every_example_runs(
    filled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An analyst who copies the examples one after the other, beside a running campus, meets no error."""
    announce(filled, tmp_path / ".campus")
    asyncio.run(export(filled, tmp_path / "DIR"))
    shutil.copytree(DOCS / "examples", tmp_path / "docs" / "examples")
    (tmp_path / "my_rule.py").write_text(changed((DOCS.parent / "projections" / "gradebook.py").read_text()))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, example in enumerate(EXAMPLES):
        exec(compile(example, f"example {number} of sdk.md", "exec"), names)  # noqa: S102 - that is the point
    said = capsys.readouterr().out
    assert re.search(r"<late_learners up to position 49: late_learners \(3 rows\); 4 facts read>", said)
    assert (
        "gradebook both 0 0 1\ngradebook_quizzes both 0 0 0\nchanged gradebook ('AAA-2013J', '1', '11') {'pass" in said
    )
    assert (tmp_path / "results" / "late_learners.parquet").exists()


def test_what_the_howto_links_to_exists() -> None:
    """No link leads nowhere."""
    page = DOCS / "howto" / "sdk.md"
    links = re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text())
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []
