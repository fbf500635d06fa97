"""The digest of a projection's code covers all that decides what it folds."""

import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from projections.course_dashboard import CourseDashboard
from projections.engine import fingerprint
from projections.overview import Overview
from projections.registry import PROJECTIONS


def digest_after_a_change(monkeypatch: pytest.MonkeyPatch, module: str, added: str) -> str:
    """The digest of `overview` if a line stood at the end of a module."""
    source = inspect.getsource

    def changed(of: ModuleType) -> str:
        return source(of) + (f"\n{added}\n" if of is sys.modules[module] else "")

    fingerprint._digest.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(inspect, "getsource", changed)
        digest = fingerprint.code_digest(Overview())
    fingerprint._digest.cache_clear()
    return digest


@pytest.mark.parametrize(
    "module",
    [
        "projections.overview",
        "projections.engine.projection",
        "domain.streams",
        "domain.quiz.quiz",
        "domain.progress.progress",
        "domain.fact",
    ],
)
def test_what_decides_a_fold_counts(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """Facts with their upcasters, helpers and plain constants; comments do not count."""
    digest = fingerprint.code_digest(Overview())
    assert digest_after_a_change(monkeypatch, module, "LIMIT = 7") != digest
    assert digest_after_a_change(monkeypatch, module, "# LIMIT = 7") == digest


def test_what_a_projection_does_not_use_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another projection may change without a rebuild of this one."""
    digest = fingerprint.code_digest(Overview())
    assert digest_after_a_change(monkeypatch, CourseDashboard.__module__, "LIMIT = 7") == digest


ROOT = Path(__file__).parents[3]
DIGESTS = """
from projections.engine.fingerprint import code_digest
from projections.registry import PROJECTIONS
for projection in PROJECTIONS:
    print(projection.name, code_digest(projection))
"""
LIBRARY = '''"""A library. A context that was added."""

from domain.aggregate import Aggregate, event


class Loan(Aggregate):
    """A book on loan."""

    category = "loan"
    ids = ("loan_id",)

    class Given(Aggregate.Event):
        TOPIC = "loan.given"
        days: int
'''


def digests(checkout: Path) -> dict[str, str]:
    """The digest of each read model, as a process of its own finds it in a checkout."""
    command = [sys.executable, "-c", DIGESTS]
    found = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    return dict(line.split() for line in found.stdout.splitlines())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code, to be edited."""
    for package in ("domain", "projections"):
        shutil.copytree(ROOT / package, tmp_path / package)
    return tmp_path


@pytest.mark.processes
def test_a_new_context_changes_no_digest(checkout: Path) -> None:
    """No read model reads its facts: none is to be rebuilt."""
    before = digests(checkout)
    assert before.keys() == {projection.name for projection in PROJECTIONS}
    (checkout / "domain/library.py").write_text(LIBRARY)
    registry = checkout / "domain/registry.py"
    text = registry.read_text().replace("Quiz, QuizAttempt)", "Quiz, QuizAttempt, Loan)")
    registry.write_text(text.replace("from domain.quiz", "from domain.library import Loan\nfrom domain.quiz"))
    listed = subprocess.run(
        [sys.executable, "-c", "from domain.registry import FACTS; print(*FACTS)"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "loan.given" in listed.stdout
    assert digests(checkout) == before


@pytest.mark.processes
@pytest.mark.parametrize(
    ("context", "changed"),
    [
        (
            "quiz/quiz",
            {"catalog", "learner_dashboard", "course_dashboard", "gradebook", "item_statistics", "overview"}
            | {"recent_activity"},
        ),
        ("enrollment/enrollment", {"learner_dashboard", "course_dashboard", "overview", "recent_activity"}),
        ("progress/progress", {"learner_dashboard", "course_dashboard", "overview", "recent_activity"}),
        ("catalog/course", {"catalog", "learner_dashboard", "course_dashboard"}),
    ],
)
def test_an_edited_context_changes_the_digests_of_its_readers(checkout: Path, context: str, changed: set[str]) -> None:
    """Those that read its facts, or its rules, and no others."""
    before = digests(checkout)
    with (checkout / f"domain/{context}.py").open("a") as module:
        module.write("\n\nADDED = 1\n")
    after = digests(checkout)
    assert {name for name in after if after[name] != before[name]} == changed
