"""`campus` from a wheel, which has no benchmarks."""

from pathlib import Path

import pytest

from tests.support.campus_up import campus

pytestmark = pytest.mark.processes


@pytest.fixture
def without_benchmarks(tmp_path: Path) -> dict[str, str]:
    """An environment in which Python finds no package `benchmarks`."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "PathFinder.find_spec = lambda name, *rest: None if name == 'benchmarks' else find(name, *rest)\n"
    )
    return {"PYTHONPATH": str(tmp_path)}


def test_benchmarks_run_in_a_checkout(without_benchmarks: dict[str, str]) -> None:
    """`campus bench` says so in a sentence."""
    done = campus("bench", "append", env=without_benchmarks)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "campus: `campus bench` runs in a checkout of the repository: the installed package has no benchmarks\n"
    )


def test_help_needs_no_benchmarks(without_benchmarks: dict[str, str]) -> None:
    """`campus --help` lists every command."""
    done = campus("--help", env=without_benchmarks)
    assert (done.returncode, "bench" in done.stdout) == (0, True)
