"""Packages of questions: the XML files in them; one that cannot be read, or leads out of the package, is refused."""

from collections.abc import Iterator

from adapters.questions.found import UnreadableFile
from adapters.zip_package import BadPackage, Entry, Limits, read_entries

MOST_ENTRIES = 20_000
MOST_BYTES_OF_ENTRY = 16 * 1024 * 1024
MOST_BYTES = 128 * 1024 * 1024  # of all XML files together, unpacked
SKIPPED = ("imsmanifest.xml", "assessment_meta.xml")


def xml_entries(data: bytes) -> Iterator[Entry]:
    """
    The XML files of a package that may have questions, in its order.

    Raises:
        UnreadableFile: it is no zip file, or too large.
    """
    try:
        yield from read_entries(data, _may_have_questions, Limits(MOST_ENTRIES, MOST_BYTES_OF_ENTRY, MOST_BYTES))
    except BadPackage as error:
        raise UnreadableFile(str(error)) from None


def _may_have_questions(name: str) -> bool:
    return name.lower().endswith(".xml") and name.rpartition("/")[2].lower() not in SKIPPED
