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
EXAMPLES = re.findall(r"```python\n(.*?)```", (DOCS / "howto" / "sdk.md").read_text(), re.DOTALL)


def test_every_example_runs(
    filled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An analyst who copies the examples one after the other, beside a running campus, meets no error."""
    announce(filled, tmp_path / ".campus")
    asyncio.run(export(filled, tmp_path / "DIR"))
    shutil.copy(DOCS / "examples" / "late_learners.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, example in enumerate(EXAMPLES):
        exec(compile(example, f"example {number} of sdk.md", "exec"), names)  # noqa: S102 - that is the point
    said = capsys.readouterr().out
    assert re.search(r"<late_learners up to position 47: late_learners \(3 rows\); 4 facts read>", said)
    assert (tmp_path / "results" / "late_learners.parquet").exists()


def test_what_the_howto_links_to_exists() -> None:
    """No link leads nowhere."""
    page = DOCS / "howto" / "sdk.md"
    links = re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text())
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []
