"""
Formulas in TeX as MathML, which browsers draw and read aloud without a script and without a style sheet.

latex2mathml passes on what stands in a formula, also markup: what it makes is parsed, and only elements that are known
to draw formulas, without attributes that lead, colour or size, are written from there.
"""

from functools import cache

from latex2mathml import converter
from lxml import etree

LONGEST = 500  # characters of a formula
DEEPEST = 60  # elements within each other
NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
ELEMENTS = frozenset(
    (
        *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msup", "msub", "msubsup"),
        *("mover", "munder", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom", "menclose"),
    )
)
ATTRIBUTES = frozenset(
    (
        *("display", "displaystyle", "mathvariant", "stretchy", "fence", "separator", "form", "accent"),
        *("accentunder", "columnalign", "largeop", "movablelimits", "lspace", "rspace", "symmetric"),
    )
)


def mathml(tex: str, *, is_block: bool) -> str | None:
    """A formula as MathML; None for what is none, or too long."""
    if not tex.strip() or len(tex) > LONGEST:
        return None
    try:
        made = converter.convert(tex, display="block" if is_block else "inline")
        root = etree.fromstring(made.encode(), _parser())
    except Exception:  # noqa: BLE001 - whatever is wrong with a formula, it is shown as it was typed
        return None
    if any(_is_wrong(each) for each in root.iter()) or _depth(root) > DEEPEST:
        return None
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _is_wrong(element: etree._Element) -> bool:
    """Whether the element draws no formula; its attributes that are not known are taken off."""
    if str(element.tag).removeprefix(NAMESPACE) not in ELEMENTS:
        return True
    for attribute in set(element.attrib) - ATTRIBUTES:
        del element.attrib[attribute]
    return False


def _depth(root: etree._Element) -> int:
    deepest, level = 0, [(root, 1)]
    while level:
        element, depth = level.pop()
        deepest = max(deepest, depth)
        level += [(each, depth + 1) for each in element]
    return deepest


@cache
def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True)
