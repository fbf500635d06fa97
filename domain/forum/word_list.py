"""
Words that put a post before the staff of a run, or that are not posted there: of the run, or of the whole campus.

Lists are in clear and name no person (decisions/0251).
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from domain.aggregate import Aggregate, event, stream_id
from domain.forum.folded_words import Folded, candidates, folded_entry
from domain.forum.pace_errors import BadWordList

MOST_WORDS = 500  # of a list
LONGEST_WORD = 64  # characters
CAMPUS, RUN = "campus", "run"


class WordAction(StrEnum):
    """What becomes of a post with such a word: it waits before the staff while it is shown, or is refused."""

    FLAG = "flag"
    REFUSE = "refuse"


class ListedWord(NamedTuple):
    """An entry of a list."""

    word: str
    action: str


def word_list_stream(run_id: str | None) -> str:
    """The stream of the list of a run; of the campus without one."""
    return stream_id("word_list", CAMPUS, CAMPUS) if run_id is None else stream_id("word_list", RUN, run_id)


class WordList(Aggregate):
    """
    One list.

    Attributes:
        words: what is done about each, by the entry as it was typed.
        entries: the same by what it is folded to.
    """

    category = "word_list"
    ids = ("scope", "scope_id")

    class Changed(Aggregate.Event):
        """Entries from then on; what is both removed and added has another action."""

        TOPIC = "word_list.changed"
        action: str
        added: list[str]
        removed: list[str]

    def initial_state(self) -> None:
        self.words: dict[str, str] = {}
        self.entries: dict[tuple[str, ...], ListedWord] = {}

    def set_words(self, action: WordAction, words: Iterable[str]) -> None:
        """Have these entries for an action, and no others; a word of the other action changes over to this one."""
        wanted = list(dict.fromkeys(" ".join(word.split()) for word in words if word.strip()))
        others = [word for word, theirs in self.words.items() if theirs != action and word not in wanted]
        wrong = any(len(word) > LONGEST_WORD or not folded_entry(word) for word in wanted)
        if wrong or len(wanted) + len(others) > MOST_WORDS:
            raise BadWordList(most=MOST_WORDS, longest=LONGEST_WORD)
        mine = {word for word, theirs in self.words.items() if theirs == action}
        added, removed = [word for word in wanted if word not in mine], sorted(mine.difference(wanted))
        if added or removed:
            self._changed(action=action.value, added=added, removed=removed)

    @event(Changed)
    def _changed(self, action: str, added: list[str], removed: list[str]) -> None:
        for word in removed:
            self.words.pop(word, None)
        self.words |= dict.fromkeys(added, action)
        self.entries = {folded_entry(word): ListedWord(word, theirs) for word, theirs in self.words.items()}

    def found_in(self, text: Folded) -> list[ListedWord]:
        """The entries that are whole words of a text, those that refuse it first."""
        lengths = {len(each) for each in self.entries}
        found = {self.entries[each] for each in candidates(text, lengths) if each in self.entries}
        return sorted(found, key=lambda each: (each.action != WordAction.REFUSE, each.word))
