"""
The standard streams of `campus`, also if they are closed, full, or a pipe without a reader.

An answer that cannot be written is a failure with a sentence; a remark that cannot be written is dropped.
"""

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from cli.console import Failure

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MODES = (os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)
"""Of /dev/null in the place of a closed stream 0, 1 or 2: an answer that is written there must fail."""


def take_streams() -> None:
    """Replace `sys.stdout` and `sys.stderr`; call it before a file or socket takes the number of a closed stream."""
    for number, mode in enumerate(MODES):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, mode), True)  # the lowest number that is free
    sys.stdout = _stream(sys.stdout, 1, "strict")
    sys.stderr = _stream(sys.stderr, 2, "backslashreplace")


def finish() -> None:
    """Write the rest of the answer; if that fails, Python must not try again when it exits."""
    try:
        sys.stdout.flush()
    except BaseException:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        raise


def _stream(before: TextIO | None, number: int, errors: str) -> TextIO:
    """A stream with the encoding and buffering of *before*, if there is one."""
    raw, unbuffered = _Output(number, "w", closefd=False), getattr(before, "write_through", False)
    return io.TextIOWrapper(
        raw if unbuffered else io.BufferedWriter(raw),
        encoding=getattr(before, "encoding", "utf-8"),
        errors=getattr(before, "errors", errors),
        line_buffering=getattr(before, "line_buffering", False),
        write_through=unbuffered,
    )


class _Output(io.FileIO):
    def write(self, data: "ReadableBuffer", /) -> int:
        """Write as much as there is room for; BrokenPipeError if the reader of an answer has ended."""
        try:
            return super().write(data)
        except OSError as error:
            if self.fileno() == 2:
                return memoryview(data).nbytes
            if isinstance(error, BrokenPipeError):
                raise
            raise Failure(f"standard output cannot be written: {error.strerror}") from error
