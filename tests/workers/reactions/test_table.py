"""The table of reactions: what it may hold."""

from domain.registry import FACTS
from workers.reactions import REACTIONS
from workers.reactions.notification import NOTICES

NAMES = {
    "offer_freed_seat",
    "grade_by_key",
    "complete_passed_unit",
    "decide_when_done",
    "complete_passed_course",
}


def test_names_never_change() -> None:
    """The name is part of the ids of the commands: under another name a reaction would be carried out once more."""
    names = [reaction.name for reactions in REACTIONS.values() for reaction in reactions]
    assert len(names) == len(set(names))
    assert set(names) >= NAMES


def test_a_reaction_stands_in_the_module_of_its_fact() -> None:
    """What follows from a fact of domain.X is in workers.reactions.X; notifications are in one module."""
    for type_, reactions in REACTIONS.items():
        context = FACTS[type_].__module__.split(".")[1]
        own = [each for each in reactions if each != NOTICES.get(type_)]
        assert {each.command.__module__ for each in own} <= {f"workers.reactions.{context}"}
