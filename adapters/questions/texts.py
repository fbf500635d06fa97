"""The text of files: their encoding, and what is taken out of it."""

import codecs
import html
import re

from adapters.questions.found import UnreadableFile

MOST_BYTES = 64 * 1024 * 1024  # of one file
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def text_of(data: bytes) -> str:
    """The text of a file: by its byte order mark, else UTF-8, else Windows-1252; without control characters."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return plain(data.decode(encoding))
            except UnicodeDecodeError as error:
                raise UnreadableFile(f"the file begins as {encoding} text and is none: {error.reason}") from None
    try:
        return plain(data.decode())
    except UnicodeDecodeError:
        return plain(data.decode("cp1252", errors="replace"))


def plain(text: str) -> str:
    """A text with line ends of one sort, and without control characters."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def as_html(text: str) -> str:
    """A plain text as HTML that looks the same."""
    return html.escape(text, quote=False).replace("\n", "<br>")
