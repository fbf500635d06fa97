"""`campus` with its standard streams closed, full, or without a reader; and files that it cannot write to."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from adapters.settings import PREFIX
from cli.console import Failure
from cli.output_path import naming_errors
from cli.projections.diff import Choice
from tests.support.campus_up import CAMPUS, campus, environment
from tests.support.polling import PATIENCE

pytestmark = pytest.mark.processes

NOWHERE = {
    f"{PREFIX}POSTGRES_URL": "postgresql://absent@127.0.0.1:1/none",
    f"{PREFIX}NATS_URL": "nats://127.0.0.1:1",
    f"{PREFIX}VALKEY_URL": "redis://127.0.0.1:1",
    f"{PREFIX}TOKEN_SECRET": "only for these tests, really",
}
TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+\n")


def shell(line: str, *, unbuffered: str = "") -> subprocess.CompletedProcess[str]:
    """What comes of a line of the shell in which `campus` stands for the command."""
    command = ["bash", "-c", f'campus() {{ {" ".join(CAMPUS)} "$@"; }}; {line}']
    env = environment({**NOWHERE, "PYTHONUNBUFFERED": unbuffered})
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE, env=env)


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
        done = subprocess.run(
            [*CAMPUS, command], stdout=out, stderr=subprocess.PIPE, check=False, timeout=PATIENCE, env=env
        )
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


HUGE = "9" * 23


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *(("projections diff overview", f"--{name}") for name in ("limit", "after", "sample", "seed", "from", "to")),
        ("projections parked", "--limit"),
        ("projections parked skip overview ann --reason test", "--position"),
        ("projections promote overview", "--generation"),
        ("projections rebuild overview", "--workers"),
        ("projections plan overview", "--workers"),
        ("log tail", "--limit"),
        ("log tail", "--since"),
        ("serve", "--workers"),
        ("seed", "--seed"),
        ("token", "--ttl"),
        ("up", "--port"),
    ],
)
def test_a_number_that_is_too_large_is_refused(command: str, option: str) -> None:
    """With the largest that is allowed, as any other wrong option, and before a campus is looked for."""
    refused = campus(*command.split(), option, HUGE)
    assert refused.returncode == 2
    assert f"Invalid value for '{option}'" in refused.stderr
    assert "less than or equal to" in refused.stderr


def choice(csv: Path) -> Choice:
    """All rows, to be written to a file."""
    return Choice(20, 0, None, None, None, 0, events=False, csv=csv)


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """A directory, one that is not there, a name that is too long: each with its reason."""
    (tmp_path / "file").touch()
    refused = {
        tmp_path: "it is a directory",
        tmp_path / "none" / "a.csv": f"there is no directory {tmp_path}/none",
        tmp_path / "file" / "a.csv": f"there is no directory {tmp_path}/file",
        tmp_path / ("x" * 300): "File name too long",
    }
    for path, why in refused.items():
        with pytest.raises(Failure, match=f"^{re.escape(f'{path} cannot be written: {why}')}$"):
            choice(path)
    assert choice(tmp_path / "file").csv == tmp_path / "file"
    assert choice(Path("/dev/full")).csv == Path("/dev/full")


def test_a_file_that_one_may_not_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be it there already, or to be made in a directory of another user."""
    (tmp_path / "file").touch()
    denied = {tmp_path, tmp_path / "file"}
    monkeypatch.setattr(os, "access", lambda path, _mode: path not in denied)  # root may write everywhere
    for path in (tmp_path / "file", tmp_path / "new"):
        with pytest.raises(Failure, match=f"^{path} cannot be written: it is not allowed$"):
            choice(path)


def test_no_name_is_no_file() -> None:
    """`--csv "$FILE"` with an unset variable is not taken for the current directory."""
    refused = campus("projections", "diff", "overview", "--csv", "", env=NOWHERE)
    assert refused.returncode == 2
    assert "the name of the file is empty" in refused.stderr


def test_a_file_that_fails_while_it_is_written_is_named() -> None:
    """With the reason of the system."""
    with (
        pytest.raises(Failure, match=r"^/dev/full cannot be written: No space left on device$"),
        naming_errors(Path("/dev/full")),
        Path("/dev/full").open("w") as file,
    ):
        file.write("a line")
