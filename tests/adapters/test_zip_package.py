"""Zip files of strangers: no more of them is unpacked than the limits say, however they are packed."""

import io
import zipfile

import pytest

from adapters import zip_package
from adapters.zip_package import Limits, read_entries

LIMITS = Limits(entries=10, of_entry=1_000, of_all=2_500)


def packed(method: int, *sizes: int) -> bytes:
    """A package of entries with so many zeros."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as package:
        for number, size in enumerate(sizes):
            package.writestr(f"{number}.xml", b"\0" * size)
    return content.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_unpacked_block_by_block_is_refused(method: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of these the library would unpack a whole block, of 45 MB with bzip2, before a limit is seen."""
    content = packed(method, 5_000)
    opened: list[zipfile.ZipInfo] = []
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda _, info: opened.append(info))
    (entry,) = read_entries(content, lambda _: True, LIMITS)
    assert (entry.data, entry.reason) == (b"", "it is packed by another method than deflate")
    assert opened == []


def test_what_was_unpacked_in_vain_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of many entries that are each too large is unpacked up to the limit of all, not up to each one's."""
    asked: list[int] = []
    read = zip_package._read

    def counted(package: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> zip_package.Entry:
        asked.append(most)
        return read(package, info, most)

    monkeypatch.setattr(zip_package, "_read", counted)
    found = list(read_entries(packed(zipfile.ZIP_DEFLATED, *[5_000] * 6), lambda _: True, LIMITS))
    assert asked == [1_000, 1_000, 500, 0, 0, 0]
    assert all(each.reason for each in found)
