"""
XML from strangers: no document type, so no entities and no other files; no network; bounded depth; lines for reports.

libxml2 is asked for nothing that fetches or expands, and a document type is refused before it is parsed.
"""

import re
from collections.abc import Iterator

from lxml import etree

from adapters.questions.found import UnreadableFile
from adapters.questions.texts import plain, text_of

Element = etree._Element  # noqa: SLF001 - the type has no public name

_BEFORE_ROOT = re.compile(r"(?:\s+|<!--(?:[^-]|-(?!->))*-->|<\?(?:[^?]|\?(?!>))*\?>)*")
_DECLARATION = re.compile(r"\A\s*<\?xml\s[^>]*\?>")
_ENCODING = re.compile(rb"\A\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_KNOWN = {"utf-8", "utf8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "cp1252"}


def parsed(data: bytes) -> Element:
    """
    The root of an XML file.

    Raises:
        UnreadableFile: it is not well-formed, has a document type, or an encoding that is not read.
    """
    text = _DECLARATION.sub("", _decoded(data), count=1)
    start = _BEFORE_ROOT.match(text)
    if start is not None and text.startswith("<!", start.end()):
        raise UnreadableFile("it has a document type (<!DOCTYPE …>), which is not read")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableFile(f"it is no well-formed XML: {str(error)[:200]}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableFile("it has a document type (<!DOCTYPE …>), which is not read")
    return root


def _decoded(data: bytes) -> str:
    named = _ENCODING.match(data[:400])
    if named is None:
        return text_of(data)
    encoding = named[1].decode().lower()
    if encoding not in _KNOWN:
        raise UnreadableFile(f"the encoding {encoding} is not read: save it as UTF-8")
    if encoding == "utf-16":
        return text_of(data)
    try:
        return plain(data.decode(encoding))
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"it is no {encoding} text: {error.reason} at byte {error.start}") from None


def name_of(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: Element, *names: str) -> Iterator[Element]:
    """The children of these names, of all without one."""
    for child in element:
        if not names or name_of(child) in names:
            yield child


def child(element: Element, name: str) -> Element | None:
    """The first child of a name."""
    return next(children(element, name), None)


def text_in(element: Element | None) -> str:
    """All text within an element."""
    return "" if element is None else "".join(str(each) for each in element.itertext())


def line_of(element: Element) -> int:
    """The line on which an element begins."""
    line: int | None = getattr(element, "sourceline", None)  # the stubs have no type for it
    return line or 0


def inner_html(element: Element) -> str:
    """What is within an element, as HTML."""
    parts = [_escaped(element.text)]
    for each in element:
        parts.append(etree.tostring(each, encoding="unicode", method="html", with_tail=False))
        parts.append(_escaped(each.tail))
    return "".join(parts)


def _escaped(text: str | None) -> str:
    return (text or "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
