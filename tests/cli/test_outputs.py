"""`campus` with its standard streams closed, full, or read by nobody; and files that it cannot write to."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from adapters.settings import PREFIX
from tests.cli.campus import CAMPUS, campus, environment

NOWHERE = {
    f"{PREFIX}POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/none",
    f"{PREFIX}NATS_URL": "nats://127.0.0.1:1",
    f"{PREFIX}VALKEY_URL": "redis://127.0.0.1:1",
    f"{PREFIX}TOKEN_SECRET": "only for these tests, really",
}
TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+\n")


def shell(line: str, *, unbuffered: str = "") -> subprocess.CompletedProcess[str]:
    """What comes of a line of the shell in which `campus` stands for the command."""
    command = ["bash", "-c", f'campus() {{ {" ".join(CAMPUS)} "$@"; }}; {line}']
    env = environment({**NOWHERE, "PYTHONUNBUFFERED": unbuffered})
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=env)


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param("campus token >&-", "Bad file descriptor", id="closed"),
        pytest.param("campus token > /dev/full", "No space left on device", id="full"),
        pytest.param("campus --help > /dev/full", "No space left on device", id="help"),
        pytest.param("campus token < /dev/null 1<&0", "Bad file descriptor", id="not-for-writing"),
    ],
)
def test_an_answer_that_cannot_be_written_is_a_failure(line: str, why: str, unbuffered: str) -> None:
    """The sentence says that it is the output, and why; it is all that is said."""
    done = shell(line, unbuffered=unbuffered)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"campus: standard output cannot be written: {why}\n"


def test_with_both_closed_the_exit_code_is_left() -> None:
    """Where nothing can be said, the command still ends with 1."""
    assert shell("campus token >&- 2>&-").returncode == 1


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("command", ["--help", "token"])
def test_an_answer_that_nobody_reads_ends_quietly(command: str, unbuffered: str) -> None:
    """A pipe whose reader has seen enough is no reason for a word."""
    reader, pipe = os.pipe()
    os.close(reader)
    env = environment({**NOWHERE, "PYTHONUNBUFFERED": unbuffered})
    with os.fdopen(pipe, "wb") as out:
        done = subprocess.run([*CAMPUS, command], stdout=out, stderr=subprocess.PIPE, check=False, timeout=60, env=env)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("line", ["campus token 2>&-", "campus token 2> /dev/full", "campus token <&-"])
def test_a_stream_that_is_not_needed_is_not_missed(line: str) -> None:
    """The answer comes, and the exit code is 0."""
    done = shell(line)
    assert (done.returncode, done.stderr) == (0, "")
    assert TOKEN.fullmatch(done.stdout)


@pytest.mark.parametrize("stream", ["2>&-", "2> /dev/full"])
def test_a_failure_that_cannot_be_told_keeps_its_exit_code(stream: str) -> None:
    """A wrong option ends with 2, anything else with 1."""
    assert shell(f"campus projections list --nonsense {stream}").returncode == 2
    assert shell(f"campus projections list {stream}").returncode == 1
