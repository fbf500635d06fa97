"""The draft of a course: small facts beside the published versions."""

import pytest

from domain.catalog import (
    BadStructure,
    CourseDraft,
    DraftBehind,
    DraftChanged,
    Letter,
    Policy,
    Section,
    Structure,
    Unit,
    UnitCompletion,
)
from domain.catalog.edits import AddSection, AddUnit, Edit, MoveUnit, RemoveSection
from tests.support.given import fact, given

INTRO, QUIZ = Unit("intro", "text", "Begin here"), Unit("q1", "quiz", "Equations", weight=100)
FILM = Unit("film", "video", "Groups")
TWO = Structure([INTRO, QUIZ], sections=[Section("s1", "One", ["intro"]), Section("s2", "Two", ["q1"])])
STARTED = fact(CourseDraft.Started, base_version=1, structure=TWO)


def order_of(draft: CourseDraft) -> dict[str, list[str]]:
    """The ids of the units by their sections."""
    return {section.section_id: section.units for section in draft.structure.sections}


def edited(*edits: Edit) -> CourseDraft:
    """The draft of the course of two sections after these edits."""
    draft = CourseDraft.blank("course_draft-algebra")
    draft.start(1, TWO)
    for edit in edits:
        edit.apply(draft)
    return draft


def test_a_draft_is_what_its_version_is() -> None:
    """It begins with the structure of a version, and a second start from that changes nothing."""
    given(CourseDraft).when(lambda draft: draft.start(1, TWO)).then(STARTED)
    given(CourseDraft, STARTED).when(lambda draft: draft.start(1, TWO)).then()
    assert edited().structure == TWO


def test_a_unit_is_added_to_a_section() -> None:
    """At its place, at the end without one, and at the end for a place further back; once more changes nothing."""
    added = fact(CourseDraft.UnitAdded, unit=FILM, section_id="s1", place=1)
    given(CourseDraft, STARTED).when(lambda draft: draft.add_unit(FILM, "s1")).then(added)
    given(CourseDraft, STARTED).when(lambda draft: draft.add_unit(FILM, "s1", 9)).then(added)
    given(CourseDraft, STARTED, added).when(lambda draft: draft.add_unit(FILM, "s1")).then()
    given(CourseDraft, STARTED, added).when(lambda draft: draft.add_unit(Unit("film", "file", ""), "s1")).refused(
        BadStructure, unit_id="film"
    )
    assert order_of(edited(AddUnit(FILM, "s1", 0))) == {"s1": ["film", "intro"], "s2": ["q1"]}


def test_a_unit_moves_between_sections() -> None:
    """The fact says from where and to where; to where it stands is no move."""
    given(CourseDraft, STARTED).when(lambda draft: draft.move_unit("q1", "s1", 0)).then(
        fact(CourseDraft.UnitMoved, unit_id="q1", old_section="s2", old_place=0, new_section="s1", new_place=0)
    )
    given(CourseDraft, STARTED).when(lambda draft: draft.move_unit("q1", "s2")).then()
    assert order_of(edited(MoveUnit("q1", "s1", 0))) == {"s1": ["q1", "intro"], "s2": []}


def test_a_section_goes_with_its_units() -> None:
    """Each unit is a fact of its own, so that each can be found again; what is gone is gone."""
    removed = (
        fact(CourseDraft.UnitRemoved, unit=QUIZ, section_id="s2", place=0),
        fact(CourseDraft.SectionRemoved, section_id="s2", title="Two", place=1),
    )
    given(CourseDraft, STARTED).when(lambda draft: draft.remove_section("s2")).then(*removed)
    given(CourseDraft, STARTED, *removed).when(lambda draft: draft.remove_section("s2")).then()


def test_sections_are_added_renamed_and_moved() -> None:
    """Places count the sections; a section that is there with another title is refused."""
    given(CourseDraft, STARTED).when(lambda draft: draft.add_section("s3", "Three", 0)).then(
        fact(CourseDraft.SectionAdded, section_id="s3", title="Three", place=0)
    )
    given(CourseDraft, STARTED).when(lambda draft: draft.rename_section("s1", "First")).then(
        fact(CourseDraft.SectionRenamed, section_id="s1", old="One", new="First")
    )
    given(CourseDraft, STARTED).when(lambda draft: draft.move_section("s1", 5)).then(
        fact(CourseDraft.SectionMoved, section_id="s1", old_place=0, new_place=1)
    )
    given(CourseDraft, STARTED).when(lambda draft: draft.add_section("s1", "Other")).refused(BadStructure, section="s1")
    assert list(order_of(edited(AddSection("s3", "Three", 0)))) == ["s3", "s1", "s2"]


def test_a_change_has_the_old_and_the_new() -> None:
    """A unit and the policy are changed by facts that say both; to the same is no change."""
    new = Unit("intro", "text", "Begin there")
    given(CourseDraft, STARTED).when(lambda draft: draft.change_unit(new)).then(
        fact(CourseDraft.UnitChanged, unit_id="intro", old=INTRO, new=new)
    )
    given(CourseDraft, STARTED).when(lambda draft: draft.change_unit(INTRO)).then()
    policy = Policy(letters=[Letter("P", 4_000), Letter("F", 0)])
    given(CourseDraft, STARTED).when(lambda draft: draft.change_policy(policy)).then(
        fact(CourseDraft.PolicyChanged, old=Policy(), new=policy)
    )
    given(CourseDraft, STARTED).when(lambda draft: draft.change_policy(Policy())).then()


@pytest.mark.parametrize(
    "unit", [Unit("u", "homework", ""), Unit("u", "quiz", "", weight=-1), Unit("u", "link", "", url="javascript:x")]
)
def test_a_unit_that_contradicts_itself_is_refused_at_once(unit: Unit) -> None:
    """What only the whole structure can tell is a problem of the draft, and keeps it from being published."""
    given(CourseDraft, STARTED).when(lambda draft: draft.add_unit(unit, "s1")).refused(BadStructure, unit_id="u")


def test_a_draft_says_all_that_keeps_it_from_being_published() -> None:
    """Not only the first problem."""
    film = Unit("film", "video", "", completion=UnitCompletion("watched", 9_000))
    draft = edited(RemoveSection("s2"), AddUnit(Unit("u", "text", "", after=["gone"])), AddUnit(film, "s1"))
    said = [problem.sentence for problem in draft.problems()]
    assert said == [
        "unit film is completed by 'watched', which cannot be reached without its length: set its seconds",
        "unit u is in no section",
        "unit u comes after unit gone, which the course has not",
    ]
    assert not list(edited().problems())


def test_two_editors_do_not_undo_each_other() -> None:
    """A change that rests on another revision is refused; what changes nothing is not."""
    draft = edited()
    draft.must_be_at(0, 1, changes=draft.version != 1)
    with pytest.raises(DraftChanged, match=r"at revision 1, not 0"):
        draft.must_be_at(0, 1, changes=True)
    draft.add_section("s3", "Three")
    draft.must_be_at(1, 1)
    with pytest.raises(DraftChanged):
        draft.must_be_at(0, 1)


def test_a_version_that_was_published_beside_the_draft_is_not_undone() -> None:
    """Unless the editor says to have seen it."""
    draft = edited()
    draft.must_come_from(1, None)
    draft.must_come_from(2, 2)
    for latest, over in ((2, None), (3, 2)):
        with pytest.raises(DraftBehind):
            draft.must_come_from(latest, over)


def test_a_draft_goes_on_from_what_was_published() -> None:
    """Its base is the new version, and its structure stays."""
    published = fact(CourseDraft.Published, version=2, structure_hash="00")
    given(CourseDraft, STARTED).when(lambda draft: draft.mark_published(2, "00")).then(published)
    draft = edited()
    draft.mark_published(2, "00")
    assert (draft.base_version, draft.structure) == (2, TWO)
