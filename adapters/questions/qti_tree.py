"""QTI 2.1, 2.2 and 3.0 as one: names without namespace, `qti-`, dashes and capitals; the body as HTML."""

from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from adapters.questions.formulas import tex_of
from adapters.questions.found import NotTaken
from adapters.questions.xml import Element, inner_html, name_of, text_in
from domain.questions.question import Format

FORMAT = "data-campuslog-format"
"""The attribute of an item's body that says how its texts are written; HTML where it is missing."""
TEXT = "data-campuslog-text"
"""The attribute of the part of a body that is the text of the question, where the body has other parts, too."""
_MEDIA = {"img", "object", "audio", "video", "picture", "svg", "embed", "iframe", "customoperator"}


def kind(element: Element) -> str:
    """The name of an element in all versions: `choiceinteraction`."""
    return name_of(element).removeprefix("qti-").replace("-", "").lower()


def attribute(element: Element, name: str, default: str = "") -> str:
    """An attribute in all versions: `maxchoices`."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2].replace("-", "").lower() == name:
            return str(value).strip()
    return default


def within(element: Element, *kinds: str) -> Iterator[Element]:
    """All elements of these kinds within an element, in their order."""
    for each in element.iter():
        if each is not element and kind(each) in kinds:
            yield each


def of(element: Element, *kinds: str) -> list[Element]:
    """The children of these kinds."""
    return [each for each in element if kind(each) in kinds]


def one(element: Element, name: str) -> Element | None:
    """The first child of a kind."""
    return next(iter(of(element, name)), None)


def body_of(item: Element) -> Element:
    """A copy of an item's body, with plain names."""
    body = one(item, "itembody")
    if body is None:
        raise NotTaken("it has no item body")
    body = deepcopy(body)
    for formula in [each for each in body.iter() if kind(each) == "math"]:
        replace_by(formula, tex_of(formula))
    for each in body.iter():
        each.tag = name_of(each)
        if kind(each) in _MEDIA:
            raise NotTaken(f"it has <{name_of(each)}>: pictures and sounds are not taken")
    etree.cleanup_namespaces(body)
    return body


class Texts:
    """The texts of an item, all in the format of its body."""

    def __init__(self, body: Element) -> None:
        named = body.get(FORMAT, "html")
        formats: dict[str, Format] = {"plain": "plain", "markdown": "markdown", "html": "html"}
        self.format: Format = formats.get(named, "html")

    def of(self, element: Element | None) -> str:
        """What stands within an element."""
        if element is None:
            return ""
        if self.format != "html":
            return text_in(element).strip()
        return inner_html(element).strip()

    def of_body(self, body: Element) -> str:
        """What an item asks: all of its body, or the part of it that our writer has marked."""
        marked = [each for each in of(body, "div") if TEXT in each.attrib]
        return self.of(marked[0] if len(marked) == 1 else body)


def remove(element: Element) -> None:
    """Take an element out, and leave the text after it."""
    replace_by(element, "")


def replace_by(element: Element, text: str) -> None:
    """Put a text in the place of an element."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    text += element.tail or ""
    if before is not None:
        before.tail = (before.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
    parent.remove(element)
