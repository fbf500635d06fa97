"""Items of before there were kinds are questions, without a loss."""

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import quiz
from domain.questions import from_index, from_item, mark, total
from domain.quiz import Item

ITEMS = st.lists(
    st.builds(Item, item_id=st.just("i"), text=st.text(max_size=5), options=st.lists(st.text(max_size=3), min_size=1)),
    max_size=4,
)


@settings(max_examples=50, deadline=None)
@given(ITEMS, st.data())
def test_items_are_marked_as_before(items: list[Item], data: st.DataObject) -> None:
    """The same score, to the point, for every answer; and item and key can be read back."""
    key = [data.draw(st.integers(0, len(item.options) - 1)) for item in items]
    answers = [data.draw(st.integers(-1, len(item.options) - 1)) for item in items]
    pairs = [from_item(item, right) for item, right in zip(items, key, strict=True)]
    responses = [from_index(answer) for answer in answers]
    marks = [mark(*pair, response) for pair, response in zip(pairs, responses, strict=True)]
    assert total(marks) == quiz.mark(answers, key)
    read = [Item(asked.question_id, asked.text, [each.text for each in asked.options]) for asked, _ in pairs]
    assert read == items
    assert [[int(each) for each in of.shares] for _, of in pairs] == [[right] for right in key]
