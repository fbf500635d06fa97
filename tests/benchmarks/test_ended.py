"""A benchmark that is ended before its time."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.polling import wait_until


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_benchmark_that_is_ended_leaves_no_server(number: signal.Signals) -> None:
    """Neither a process nor a directory, by Ctrl-C and by `kill` alike."""
    with tempfile.TemporaryDirectory() as directory:
        there = Path(directory)
        there.chmod(0o755)  # PostgreSQL runs as another user where root runs the benchmark
        command = (sys.executable, "-m", "cli.main", "bench", "append", "--seconds", "300")
        with subprocess.Popen(command, env={**os.environ, "TMPDIR": directory}, stderr=subprocess.PIPE) as process:
            wait_until(lambda: any(there.glob("campus-bench-*/postgres/data/postmaster.pid")))
            server = int(next(there.glob("campus-bench-*/postgres/data/postmaster.pid")).read_text().split()[0])
            process.send_signal(number)
            process.communicate()
        assert process.returncode != 0
        assert list(there.glob("campus-bench-*")) == []
        wait_until(lambda: not Path(f"/proc/{server}").exists())
