"""How typed words are compared with accepted forms, in time that grows with their length and not faster."""

import re
import unicodedata

from domain.questions.key import ShortTextKey

_ESCAPED = re.compile(r"\\(\*)")
_CHARACTERS = re.compile(r"\\\*|.", re.DOTALL)


def plain_text(text: str) -> str:
    """Words without the spaces at their ends; what looks empty is."""
    return text.strip(" \t\r\n\f\v\u00a0\u200b\ufeff")


def fits(text: str, form: str, key: ShortTextKey) -> bool:
    """Whether a text is an accepted form, by the rules of the key for case, spaces and wildcards."""
    typed = comparable(text, key)
    if not key.wildcards:
        return typed == comparable(form, key)
    pieces = [_ESCAPED.sub(r"\1", piece) for piece in wildcard_pieces(form)]
    pieces = [comparable(piece, key, within=True) for piece in pieces]
    if key.spaces == "collapse":
        pieces[0] = pieces[0].lstrip()
        pieces[-1] = pieces[-1].rstrip()  # which may be the same one
    if len(pieces) == 1:
        return typed == pieces[0]
    first, *between, last = pieces
    if not typed.startswith(first) or not typed.endswith(last) or len(typed) < len(first) + len(last):
        return False
    at, end = len(first), len(typed) - len(last)
    for piece in between:
        found = typed.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def without_wildcards(form: str) -> str:
    """The shortest text that fits a form with wildcards."""
    return _ESCAPED.sub(r"\1", "".join(wildcard_pieces(form)))


def wildcard_pieces(form: str) -> list[str]:
    """What stands between the wildcards of a form, still with its backslashes; one piece if it has no wildcard."""
    pieces = [""]
    for character in _CHARACTERS.findall(form):
        if character == "*":
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def comparable(text: str, key: ShortTextKey, *, within: bool = False) -> str:
    """
    A text in the form in which texts are compared.

    Args:
        within: it is a piece of a form, whose ends are not the ends of a text.
    """
    text = unicodedata.normalize("NFC", text)
    if not key.case_sensitive:
        text = unicodedata.normalize("NFC", text.casefold())
    if key.spaces == "exact":
        return text
    if key.spaces == "ignore":
        return "".join(text.split())
    return re.sub(r"\s+", " ", text) if within else " ".join(text.split())
