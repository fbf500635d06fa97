"""The view of what learners scored item by item, which item statistics are made of (projections/item_statistics.py)."""

from adapters.postgres.analytics.view import LEARNER_ID, Column, View


def _number(text: str) -> str:
    """SQL for the value of a number that is exact as a text, such as `1/3`."""
    whole, of = (f"nullif(split_part({text}, '/', {place}), '')::numeric" for place in (1, 2))
    return f"({whole} / coalesce({of}, 1))::double precision"


ITEM_MARKS = View(
    "item_marks",
    "What a learner scored in an item of a quiz, in the first attempt of which all items have marks.",
    "(SELECT * FROM {item_attempts} WHERE counts_no > 0) AS attempts"
    " CROSS JOIN LATERAL jsonb_each(marks) AS mark (item_id, points)",
    (
        Column("quiz_id", "quiz_id::text", "The quiz."),
        Column("quiz_version", "quiz_version::bigint", "The version of the quiz with which the attempt was started."),
        LEARNER_ID,
        Column("attempt_no", "counts_no::bigint", "The attempt, from 1."),
        Column("item_id", "item_id::text", "The item."),
        Column("earned", _number("points ->> 0"), "The points that it earned, as they are after regrades."),
        Column("possible", _number("points ->> 1"), "The points that it could earn."),
        Column("total", _number("total"), "The points of the whole attempt, before what lateness costs."),
        Column("answered", "chosen ? item_id", "Whether there is an answer."),
    ),
    ("item_attempts",),
)
