"""Which part of a file a request asks for (RFC 9110, 14)."""

import pytest

from api.http.byte_ranges import Unsatisfiable, wanted


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=2-5", (2, 6)),
        ("bytes=8-99", (8, 10)),
        ("bytes=4-", (4, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        (" Bytes = 1 - 1 ", (1, 2)),
        *((header, None) for header in (None, "", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "lines=1-2")),
        *((header, None) for header in ("bytes=0-1,3-4", "bytes=1-2-3", f"bytes=0-{'9' * 30}", "bytes=\u0661-\u0662")),
    ],
)
def test_one_range_of_bytes_or_the_whole(header: str | None, part: tuple[int, int] | None) -> None:
    """What is no single range of bytes is ignored, as a server may."""
    assert wanted(header, 10) == part


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=0-", 0), ("bytes=-0", 10), ("bytes=-1", 0)])
def test_a_range_without_a_byte_is_refused(header: str, size: int) -> None:
    """It begins where the file has ended."""
    with pytest.raises(Unsatisfiable):
        wanted(header, size)
