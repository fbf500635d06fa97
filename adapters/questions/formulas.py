r"""
Formulas of question files as TeX in a text, `\(x^{2}\)`: pages that set formulas find it, and people can read it.

TeX that stands beside a formula is taken over: the annotation of MathML, the attribute of Canvas' equation images. Else
the elements of MathML Core for fractions, roots, scripts, tables and rows are written as TeX; any other is refused.
"""

import re
from collections.abc import Callable
from html import escape, unescape
from urllib.parse import unquote

from adapters.questions.found import NotTaken
from adapters.questions.xml import Element, name_of, text_in

LONGEST = 5_000  # characters
DEEPEST = 50
TEX = ("application/x-tex", "tex", "latex")
_SPECIAL = re.compile(r"([#$%&_{}])")
_EQUATION = re.compile(r"<img\b[^>]*\bdata-equation-content=(?:\"([^\"]*)\"|'([^']*)')[^>]*>", re.IGNORECASE)
_SCRIPTS = {"msub": "_", "msup": "^", "munder": "_", "mover": "^"}


def tex_of(math: Element) -> str:
    """
    A formula in MathML as TeX within a text.

    Raises:
        NotTaken: it has elements that are not read.
    """
    for each in math.iter():
        if name_of(each) == "annotation" and each.get("encoding", "").lower() in TEX:
            return _inline(text_in(each).strip())
    return _inline(_row(math, 0))


def with_formulas(html: str) -> str:
    """HTML with Canvas' equation images as TeX."""
    return _EQUATION.sub(
        lambda found: escape(_inline(unquote(unescape(found[1] or found[2] or ""))), quote=False), html
    )


def _inline(tex: str) -> str:
    if not tex or len(tex) > LONGEST or "\\(" in tex or "\\)" in tex:
        raise NotTaken("it has a formula that cannot be written as TeX")
    return f"\\({tex}\\)"


def _row(element: Element, depth: int) -> str:
    return "".join(_tex(each, depth + 1) for each in element)


def _tex(element: Element, depth: int) -> str:
    if depth > DEEPEST:
        raise NotTaken(f"it has a formula that is nested more than {DEEPEST} deep")
    name, parts = name_of(element), list(element)
    whole = _OF_ELEMENT.get(name)
    if whole is not None:
        return whole(element, depth)
    write = _OF_PARTS.get((name, len(parts)))
    if write is None:
        raise NotTaken(f"it has a formula with <{name[:40]}>, which is not read")
    return write(name, [_tex(each, depth + 1) for each in parts])


def _table(element: Element, depth: int) -> str:
    rows = [" & ".join(_row(cell, depth) for cell in row) for row in element]
    return "\\begin{matrix}" + " \\\\ ".join(rows) + "\\end{matrix}"


def _symbol(text: str) -> str:
    """A name, a number or a sign; a name of several letters, such as sin, is upright."""
    if len(text) > 1 and text.isalpha():
        return f"\\mathrm{{{text}}}"
    return _special(text)


def _special(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text.replace("\\", "\\backslash "))


_OF_ELEMENT: dict[str, Callable[[Element, int], str]] = {
    **dict.fromkeys(("mi", "mn", "mo"), lambda element, _: _symbol(text_in(element).strip())),
    **dict.fromkeys(("mrow", "mstyle", "semantics", "math"), _row),
    **dict.fromkeys(("annotation", "annotation-xml"), lambda *_: ""),
    "mtext": lambda element, _: f"\\text{{{_special(text_in(element))}}}",
    "mspace": lambda *_: "\\ ",
    "msqrt": lambda element, depth: f"\\sqrt{{{_row(element, depth)}}}",
    "mtable": _table,
}
_SCRIPTED = "{{{}}}_{{{}}}^{{{}}}"
_OF_PARTS: dict[tuple[str, int], Callable[[str, list[str]], str]] = {
    ("mfrac", 2): lambda _, parts: f"\\frac{{{parts[0]}}}{{{parts[1]}}}",
    ("mroot", 2): lambda _, parts: f"\\sqrt[{parts[1]}]{{{parts[0]}}}",
    **{(name, 2): lambda name, parts: f"{{{parts[0]}}}{_SCRIPTS[name]}{{{parts[1]}}}" for name in _SCRIPTS},
    ("msubsup", 3): lambda _, parts: _SCRIPTED.format(*parts),
    ("munderover", 3): lambda _, parts: _SCRIPTED.format(*parts),
}
