"""
Standard input, output and error of `campus`, whatever the shell has made of them: closed, full, or read by nobody.

An answer that cannot be written is a failure that says so; a remark that cannot be written is nobody's loss.
"""

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from cli.console import Failure

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

STANDARD = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""How /dev/null takes the place of a closed one: what is written to a closed output shall fail, as anywhere."""


def take_streams() -> None:
    """
    Make `sys.stdout` and `sys.stderr` what this module says; to be called before any file or socket is opened.

    Otherwise the next one that is opened would get the number of a stream that is closed, and its writes.
    """
    for number, mode in STANDARD.items():
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, mode), True)  # the lowest number that is free
    sys.stdout = _stream(sys.stdout, _Answers)
    sys.stderr = _stream(sys.stderr, _Remarks, errors="backslashreplace")


def finish() -> None:
    """Write what is left of the answer; if that fails, Python must not try again when it ends."""
    try:
        sys.stdout.flush()
    except BaseException:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        raise


def _stream(before: TextIO | None, kind: type["_Answers | _Remarks"], errors: str = "strict") -> TextIO:
    """A text stream over *kind*, otherwise as the one of *before*, if there was one."""
    raw = kind()
    if not isinstance(before, io.TextIOWrapper):
        return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors=errors)
    return io.TextIOWrapper(
        raw if before.write_through else io.BufferedWriter(raw),  # as Python -u does
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=before.line_buffering,
        write_through=before.write_through,
    )


class _Answers(io.FileIO):
    """Standard output: raises Failure where it cannot be written, but BrokenPipeError where nobody reads on."""

    def __init__(self) -> None:
        super().__init__(1, "w", closefd=False)

    def write(self, data: "Buffer", /) -> int:
        """Write as much as there is room for."""
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Failure(f"standard output cannot be written: {error.strerror}") from error


class _Remarks(io.FileIO):
    """Standard error: takes everything, and loses what cannot be written."""

    def __init__(self) -> None:
        super().__init__(2, "w", closefd=False)

    def write(self, data: "Buffer", /) -> int:
        """Write as much as there is room for; of what fails nothing is tried again."""
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes
