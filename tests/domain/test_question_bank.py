"""Rules of question banks, and what sections draw from them."""

from functools import partial

import pytest

from domain.codec import decode_data
from domain.question_bank import (
    OF_CAMPUS,
    BadLabel,
    BankExists,
    BankNotFound,
    BankNotShared,
    BankQuestion,
    QuestionBank,
    QuestionExists,
    QuestionNotFound,
    QuestionRetired,
    checked_label,
)
from domain.questions import BadQuestion
from domain.questions.html import clean_html
from domain.questions.key import AcceptedText, ShortTextKey, TrueFalseKey
from domain.questions.question import ShortText, TrueFalse
from domain.questions.sections import Label, Section, candidates
from tests.support.given import fact, given

CREATED = fact(QuestionBank.Created, title="Algebra", course_id="algebra")
SHARED = fact(QuestionBank.Shared, course_id="geometry")
BANK = QuestionBank.blank("question_bank-algebra")
BANK.create("Algebra", "algebra")
ASKED, KEY = TrueFalse(question_id="q1", text="Is 2 prime?"), TrueFalseKey(right=True)
OTHER = TrueFalse(question_id="q1", text="Is 3 prime?")
LABEL = Label(title="Primes", category="Numbers/Primes", tags=["easy"])
ADDED = fact(BankQuestion.Added, label=LABEL, question=ASKED, key=KEY)
RETIRED = fact(BankQuestion.Retired, reason="twice there")
IDS = {"bank_id": "algebra", "question_id": "q1"}


def test_a_bank_is_created_once_and_renamed() -> None:
    """The same once more changes nothing; another title or course is another bank."""
    given(QuestionBank).when(lambda bank: bank.create("Algebra", "algebra")).then(CREATED)
    given(QuestionBank, CREATED).when(lambda bank: bank.create("Algebra", "algebra")).then()
    for title, course_id in (("Music", "algebra"), ("Algebra", ""), ("Algebra", "geometry")):
        again = given(QuestionBank, CREATED).when(partial(QuestionBank.create, title=title, course_id=course_id))
        again.refused(BankExists, bank_id="algebra")
    renamed = fact(QuestionBank.Renamed, old="Algebra", new="Algebra I")
    given(QuestionBank, CREATED).when(lambda bank: bank.rename("Algebra I")).then(renamed)
    given(QuestionBank).when(lambda bank: bank.rename("Algebra I")).refused(BankNotFound, bank_id="algebra")


def test_a_bank_is_moved() -> None:
    """To another course or to the campus, with both sides in the fact; where it is already, nothing happens."""
    moved = fact(QuestionBank.Moved, old="algebra", new="geometry")
    given(QuestionBank, CREATED).when(lambda bank: bank.move("geometry")).then(moved)
    given(QuestionBank, CREATED, moved).when(lambda bank: bank.move("geometry")).then()
    given(QuestionBank, CREATED).when(lambda bank: bank.move("")).then(fact(QuestionBank.Moved, old="algebra", new=""))
    given(QuestionBank).when(lambda bank: bank.move("geometry")).refused(BankNotFound, bank_id="algebra")


def test_a_bank_is_shared_and_shared_no_more() -> None:
    """Twice is once; its own course needs no sharing."""
    unshared = fact(QuestionBank.Unshared, course_id="geometry")
    given(QuestionBank, CREATED).when(lambda bank: bank.share("geometry")).then(SHARED)
    given(QuestionBank, CREATED, SHARED).when(lambda bank: bank.share("geometry")).then()
    given(QuestionBank, CREATED).when(lambda bank: bank.share("algebra")).then()
    given(QuestionBank, CREATED, SHARED).when(lambda bank: bank.unshare("geometry")).then(unshared)
    given(QuestionBank, CREATED, SHARED, unshared).when(lambda bank: bank.unshare("geometry")).then()
    given(QuestionBank, CREATED, SHARED, unshared).when(lambda bank: bank.share("geometry")).then(SHARED)
    for act in (QuestionBank.share, QuestionBank.unshare):
        given(QuestionBank).when(partial(act, course_id="geometry")).refused(BankNotFound, bank_id="algebra")


def test_a_course_that_got_a_bank_is_shared_with_no_more() -> None:
    """In whichever order it was shared and moved: when the bank goes on, the course that had it reads it no more."""
    there = fact(QuestionBank.Moved, old="algebra", new="geometry")
    back = fact(QuestionBank.Moved, old="geometry", new="algebra")
    for facts in ((CREATED, SHARED, there, back), (CREATED, there, back)):
        refused = given(QuestionBank, *facts).when(lambda bank: bank.must_be_open_to("geometry"))
        refused.refused(BankNotShared, bank_id="algebra", course_id="geometry")
    given(QuestionBank, CREATED, there).when(lambda bank: bank.must_be_open_to("geometry")).then()
    given(QuestionBank, CREATED, SHARED).when(lambda bank: bank.must_be_open_to("geometry")).then()


def test_banks_of_before_are_of_the_campus() -> None:
    """And open to no course."""
    data = decode_data("question_bank.created", 1, b'{"title":"Algebra"}')
    assert data == {"title": "Algebra", "course_id": OF_CAMPUS}
    of_campus = given(QuestionBank, fact(QuestionBank.Created, **data))
    of_campus.when(lambda bank: bank.must_be_open_to("algebra")).refused(
        BankNotShared, bank_id="algebra", course_id="algebra"
    )


def test_a_question_is_added_once() -> None:
    """The same content once more changes nothing, whatever became of the question."""
    given(BankQuestion).when(lambda it: it.add(BANK, LABEL, ASKED, KEY)).then(ADDED)
    given(BankQuestion, ADDED, RETIRED).when(lambda it: it.add(BANK, Label(), ASKED, KEY)).then()
    revised = fact(BankQuestion.Revised, version=2, old_question=ASKED, old_key=KEY, question=OTHER, key=KEY)
    given(BankQuestion, ADDED, revised).when(lambda it: it.add(BANK, LABEL, ASKED, KEY)).then()
    given(BankQuestion, ADDED).when(lambda it: it.add(BANK, LABEL, OTHER, KEY)).refused(QuestionExists, **IDS)
    no_bank = QuestionBank.blank("question_bank-algebra")
    given(BankQuestion).when(lambda it: it.add(no_bank, LABEL, ASKED, KEY)).refused(BankNotFound, bank_id="algebra")


def test_what_makes_no_sense_is_not_added() -> None:
    """Neither a question that contradicts its key, nor one with the id of another."""
    question = ShortText(question_id="q1", text="?")
    with pytest.raises(BadQuestion, match="of the kind true_false"):
        BankQuestion.blank("question-algebra:q1").add(BANK, LABEL, question, KEY)
    with pytest.raises(QuestionExists):
        BankQuestion.blank("question-algebra:q2").add(BANK, LABEL, ASKED, KEY)


def test_a_question_is_revised_and_relabelled() -> None:
    """Both sides of a change are in the fact; nothing new is no fact."""
    revised = fact(BankQuestion.Revised, version=2, old_question=ASKED, old_key=KEY, question=OTHER, key=KEY)
    given(BankQuestion, ADDED).when(lambda it: it.revise(OTHER, KEY)).then(revised)
    given(BankQuestion, ADDED).when(lambda it: it.revise(ASKED, KEY)).then()
    new = Label(title="Primes", category="Numbers", tags=["a", "b"])
    given(BankQuestion, ADDED).when(
        lambda it: it.relabel(Label(title="Primes", category=" /Numbers/ ", tags=["b", "a", " a"]))
    ).then(fact(BankQuestion.Relabelled, old=LABEL, new=new))
    given(BankQuestion, ADDED).when(lambda it: it.relabel(LABEL)).then()
    given(BankQuestion).when(lambda it: it.revise(OTHER, KEY)).refused(QuestionNotFound, **IDS)
    given(BankQuestion, ADDED, RETIRED).when(lambda it: it.relabel(Label())).refused(QuestionRetired, **IDS)


def test_a_question_is_retired_and_restored() -> None:
    """Twice is once."""
    restored = fact(BankQuestion.Restored, reason="a mistake")
    given(BankQuestion, ADDED).when(lambda it: it.retire("twice there")).then(RETIRED)
    given(BankQuestion, ADDED, RETIRED).when(lambda it: it.retire("again")).then()
    given(BankQuestion, ADDED, RETIRED).when(lambda it: it.restore("a mistake")).then(restored)
    given(BankQuestion, ADDED).when(lambda it: it.restore("a mistake")).then()
    given(BankQuestion).when(lambda it: it.restore("a mistake")).refused(QuestionNotFound, **IDS)


@pytest.mark.parametrize(
    ("label", "what"),
    [
        (Label(title="x" * 256), "a title has at most 255"),
        (Label(category="a\nb"), "a category has at most 500 characters in one line"),
        (Label(tags=["x" * 61]), "a tag has at most 60"),
        (Label(tags=[str(number) for number in range(51)]), "at most 50 tags, not 51"),
    ],
)
def test_labels_have_limits(label: Label, what: str) -> None:
    """In characters and in number."""
    with pytest.raises(BadLabel, match=what):
        checked_label(label.title, label.category, label.tags)


def test_html_is_cleaned_before_it_is_stored() -> None:
    """Scripts are gone from texts and feedback; an accepted form is compared with what is typed, and stays."""
    question = ShortText(question_id="q1", text="<p onclick='x()'>Tag?<script>x()</script></p>", format="html")
    key = ShortTextKey(accepted=[AcceptedText(text="<script>", feedback="<iframe src=x></iframe>Yes")])
    added = BankQuestion.blank("question-algebra:q1")
    added.add(BANK, LABEL, question, key)
    (content,) = added.versions
    assert (content.question.text, content.key) == (
        "<p>Tag?</p>",
        ShortTextKey(accepted=[AcceptedText(text="<script>", feedback="Yes")]),
    )
    assert clean_html('<a href="javascript:x()">x</a><img src=x onerror=x()>') == (
        '<a rel="noopener noreferrer">x</a><img src="x">'
    )


LABELS = {
    "q1": Label(category="Numbers", tags=["easy", "new"]),
    "q2": Label(category="Numbers/Primes", tags=["easy"]),
    "q3": Label(category="NumbersAndMore", tags=["easy"]),
    "q4": Label(tags=["new"]),
}


@pytest.mark.parametrize(
    ("category", "tags", "drawn"),
    [
        ("", [], "q1 q2 q3 q4"),
        ("Numbers", [], "q1 q2"),
        ("Numbers/Primes", ["easy"], "q2"),
        ("", ["easy", "new"], "q1"),
        ("Music", [], ""),
    ],
)
def test_a_section_takes_from_its_category_and_tags(category: str, tags: list[str], drawn: str) -> None:
    """Categories within the category belong to it; all tags have to be there."""
    section = Section(section_id="s", bank_id="b", category=category, tags=tags)
    assert sorted(candidates(section, LABELS)) == drawn.split()
