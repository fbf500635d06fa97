"""What tests cost is counted (scripts/costs.py)."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.costs import MOST, table

ROOT = Path(__file__).parents[1]


def test_the_dearest_stand_first() -> None:
    """With seconds of a processor, and no more of them than can be read."""
    lines = list(table({"tests": {f"test_{number}": number for number in range(100)}, "fixtures": {}}))
    assert lines[:2] == ["tests:", "    99.00  test_99"]
    assert len(lines) == MOST + 2


@pytest.mark.processes
def test_processes_that_a_test_starts_are_counted(tmp_path: Path) -> None:
    """A second of a child is one of its test and its module."""
    busy = "import time\nwhile time.process_time() < 1:\n    pass\n"
    (tmp_path / "test_busy.py").write_text(
        f"import subprocess, sys\n\ndef test_it():\n    subprocess.run([sys.executable, '-c', {busy!r}], check=True)\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "scripts.costs", "-p", "no:cacheprovider", "-c", "/dev/null"]
    done = subprocess.run([*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    if "no control group to count in" in done.stderr:
        pytest.skip("only root may make a control group")
    assert done.returncode == 0, done.stdout + done.stderr
    module = next(line for line in done.stdout.splitlines() if line.endswith("test_busy.py"))
    assert float(module.split()[0]) >= 1, done.stdout
