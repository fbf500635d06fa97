"""What a password has to be: long enough, and not guessed from the address, the person or the campus."""

import re
import unicodedata
from collections.abc import Iterable

from domain.errors import Rejected

SHORTEST_PASSWORD = 10  # characters
SHORTEST_OF_STAFF = 12  # characters, for who has a role beside that of a learner
LONGEST_PASSWORD = 256  # characters
SHORTEST_WORD = 4  # letters of a word that counts as one of the campus or of the person
LEAST_BESIDE_WORDS = 9  # characters of a password beside such words
PRODUCT = "campuslog"


class BadPassword(Rejected):
    """A password that would be guessed; the sentence says why, and never has it."""

    code = "bad_password"
    template = "choose another password: {why}"


def check_password(
    password: str, *, address: str, is_known: bool, least: int = SHORTEST_PASSWORD, words: Iterable[str] = ()
) -> None:
    """
    Refuse a password that would be guessed.

    Args:
        address: the person's e-mail address.
        is_known: whether a list of passwords that others have chosen has it, or what is left of it without *words*.
        least: how many characters it needs.
        words: names and words of the campus and of the person, in any form; a password is not made of them.

    Raises:
        BadPassword: with the reason.
    """
    local = address.casefold().partition("@")[0]
    if len(password) < least:
        raise BadPassword(why=f"it needs {least} characters or more", least=least)
    if is_known or len(set(password)) == 1:
        raise BadPassword(why="it is one of those that are tried first")
    if password.casefold() in (address.casefold(), local * 2) or (local and password.casefold().startswith(local * 2)):
        raise BadPassword(why="it is made of the address")
    rest = beside(password, (*words, *address.partition("@")[::2]))
    if rest != plain(password) and len(rest) < LEAST_BESIDE_WORDS:
        raise BadPassword(why="it is made of words that belong to you or to this campus")


def beside(password: str, words: Iterable[str]) -> str:
    """What is left of a password, in one form, without these words, the longest first, and what joins them."""
    text = plain(password)
    parts = {part for word in words for part in (plain(word), *re.split(r"[\W\d_]+", plain(word)))}
    for part in sorted((each for each in parts if len(each) >= SHORTEST_WORD), key=lambda each: (-len(each), each)):
        text = text.replace(part, " ")
    return text if text == plain(password) else re.sub(r"[\W_]+", "", text)


def plain(text: str) -> str:
    """One form of what is written in several: capitals and ways of composing letters mean nothing."""
    return unicodedata.normalize("NFKC", text).casefold()
