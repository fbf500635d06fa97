"""Question files of any format that is known: which one it is, its content says."""

from adapters.questions.aiken import ANSWER, read_aiken
from adapters.questions.canvas_reader import read_canvas
from adapters.questions.found import Read, Refused, UnreadableFile
from adapters.questions.gift_reader import read_gift
from adapters.questions.moodle_reader import read_moodle
from adapters.questions.package import xml_entries
from adapters.questions.qti_reader import read_item
from adapters.questions.qti_tree import kind
from adapters.questions.texts import MOST_BYTES, text_of
from adapters.questions.xml import Element, name_of, parsed
from adapters.zip_package import is_zip

FORMATS = ("gift", "moodle", "aiken", "qti21", "qti22", "qti3", "canvas")
_QTI = (("qtiasi_v3", "qti3"), ("qti_v2p2", "qti22"), ("qti_v2p1", "qti21"))


def read_questions(data: bytes) -> Read:
    """
    The questions of a file, and what is refused of it.

    Raises:
        UnreadableFile: it is of no known format, broken as a whole, or too large.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableFile(f"the file has {len(data):,} bytes, {MOST_BYTES:,} are the most")
    if is_zip(data):
        return _package(data)
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<" or data.startswith((b"\xff\xfe<\x00", b"\xfe\xff\x00<")):
        return _xml(data)
    return _lines(text_of(data))


def _lines(text: str) -> Read:
    lines = text.split("\n")
    if "{" not in text and any(ANSWER.match(line) for line in lines):
        return read_aiken(text)
    if "}" not in text.partition("{")[2]:
        raise UnreadableFile("no question was found: neither GIFT, Moodle XML, Aiken, QTI nor a Canvas package")
    return read_gift(text)


def _xml(data: bytes) -> Read:
    root = parsed(data)
    if name_of(root) == "quiz":
        return read_moodle(root)
    read = Read("")
    if not _add(read, root, ""):
        raise UnreadableFile(
            f"its root <{name_of(root)[:40]}> is of no known format: Moodle XML has <quiz>, QTI an item"
        )
    return read


def _add(read: Read, root: Element, file: str) -> bool:
    """Add the questions of a QTI file; whether it is one."""
    if kind(root) == "assessmentitem":
        read.format = read.format or _version(root)
        read_item(read, root, file)
        return True
    if name_of(root) == "questestinterop":
        read.format = read.format or "canvas"
        read_canvas(read, root, file)
        return True
    return False


def _version(root: Element) -> str:
    namespace = str(root.tag).partition("}")[0]
    return next(
        (version for part, version in _QTI if part in namespace), "qti3" if "qti-" in str(root.tag) else "qti21"
    )


def _package(data: bytes) -> Read:
    read, broken = Read(""), list[Refused]()
    for entry in xml_entries(data):
        if entry.reason:
            broken.append(Refused(0, "", entry.reason, entry.name))
            continue
        try:
            _add(read, parsed(entry.data), entry.name)
        except UnreadableFile as error:
            broken.append(Refused(0, "", error.sentence, entry.name))
    if not read.format:
        reasons = "; ".join(f"{each.file}: {each.reason}" for each in broken[:3])
        raise UnreadableFile(f"the package has no QTI item and no Canvas quiz{f' ({reasons})' if reasons else ''}")
    read.refused += broken
    return read
