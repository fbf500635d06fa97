"""What a quiz takes from a question bank: questions of a category or with tags, all or some drawn by a seed."""

from collections.abc import Iterator, Mapping

from domain.questions.base import Part


class Label(Part, frozen=True, kw_only=True):
    """
    What staff find a question by; no learner sees it.

    Attributes:
        category: a path, `Algebra/Equations`; empty for none.
        tags: sorted, each once.
    """

    title: str = ""
    category: str = ""
    tags: list[str] = []


class Section(Part, frozen=True, kw_only=True):
    """
    Questions of one bank.

    Attributes:
        section_id: names the draw, so that two sections of a quiz are drawn independently.
        category: only questions of it and of categories within it; empty for all.
        tags: only questions with all of these.
        count: how many are drawn; None for all.
    """

    section_id: str
    bank_id: str
    category: str = ""
    tags: list[str] = []
    count: int | None = None


def is_within(category: str, other: str) -> bool:
    """Whether a category is another one or within it."""
    return not other or category == other or category.startswith(f"{other}/")


def candidates(section: Section, labels: Mapping[str, Label]) -> Iterator[str]:
    """The ids of a bank's questions, given with their labels, from which a section draws."""
    for question_id, label in labels.items():
        if is_within(label.category, section.category) and set(section.tags) <= set(label.tags):
            yield question_id
