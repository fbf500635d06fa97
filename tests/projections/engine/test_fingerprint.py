"""The digest of a projection's code covers all that decides what it folds."""

import inspect
import sys
from types import ModuleType

import pytest

from projections.course_dashboard import CourseDashboard
from projections.engine import fingerprint
from projections.overview import Overview


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
        "domain.quiz",
        "domain.progress",
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
