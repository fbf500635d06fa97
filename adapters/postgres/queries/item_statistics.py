"""
Item statistics of a quiz: what is answered, an example, and the SQL that counts the rows of
projections/item_statistics.py.
"""

from fractions import Fraction
from typing import Any

import msgspec

from adapters.postgres.queries.reader import CHECKPOINT, Reader
from domain.questions import Number, exact
from domain.quiz.item_statistics import RemarkCode, Taken


class OptionStatistics(msgspec.Struct, kw_only=True):
    """
    Something to choose.

    Attributes:
        right: by the key, wholly or in part.
        chosen: how many learners chose it; `chosen_bp` is their share of those who were asked, in basis points.
        discrimination: correlation of choosing it with the points in the rest; null where one does not vary.
    """

    option_id: str
    text: str
    right: bool
    chosen: int
    chosen_bp: int
    discrimination: float | None


class ItemRemark(msgspec.Struct, kw_only=True):
    """What an author should look at, with the figure that says so."""

    code: RemarkCode
    words: str


class ItemStatistics(msgspec.Struct, kw_only=True):
    """
    How an item went; what cannot be said is null.

    Attributes:
        points: what it is worth now.
        learners: who were asked; `omitted` gave no answer.
        facility_bp: mean share of the points, in basis points; `deviation` is the standard deviation of the share.
        discrimination: correlation of its points with those of the rest of the quiz, -1 to 1.
        upper_lower: facility among the 27 % with the most points less that among the 27 % with the fewest.
        remarks: of an item that 30 learners at least were asked.
    """

    item_id: str
    kind: str
    text: str
    points: Number
    learners: int
    omitted: int
    facility_bp: int
    deviation: float
    discrimination: float | None
    upper_lower: float | None
    options: list[OptionStatistics]
    remarks: list[ItemRemark]


class VersionCount(msgspec.Struct, kw_only=True):
    """A version of the quiz, and how many learners have the attempt that counts at it."""

    version: int
    learners: int


class QuizStatistics(msgspec.Struct, kw_only=True):
    """
    How the items of one version of a quiz went, by the first attempt of each learner of which all items have marks.

    Attributes:
        mean_points: of the whole attempt, before what lateness costs; `deviation` is the standard deviation.
        alpha: Cronbach's; null unless all were asked the same items, two at least, and differ in their points.
        same_items: whether all were asked the same.
    """

    quiz_id: str
    run_id: str
    title: str
    version: int
    versions: list[VersionCount]
    learners: int
    mean_points: float
    deviation: float
    alpha: float | None
    same_items: bool
    items: list[ItemStatistics]


EXAMPLE = QuizStatistics(
    quiz_id="algebra-2026-q1",
    run_id="algebra-2026",
    title="Equations",
    version=1,
    versions=[VersionCount(version=1, learners=40)],
    learners=40,
    mean_points=6.25,
    deviation=1.8028,
    alpha=0.7412,
    same_items=True,
    items=[
        ItemStatistics(
            item_id="i1",
            kind="single_choice",
            text="2x = 6: what is x?",
            points="1",
            learners=40,
            omitted=1,
            facility_bp=8_000,
            deviation=0.4,
            discrimination=0.4312,
            upper_lower=0.5556,
            options=[
                OptionStatistics(
                    option_id="0", text="3", right=True, chosen=32, chosen_bp=8_000, discrimination=0.4312
                ),
                OptionStatistics(
                    option_id="1", text="12", right=False, chosen=1, chosen_bp=250, discrimination=-0.3871
                ),
            ],
            remarks=[ItemRemark(code="unused_option", words="Option 1 was chosen by 1 of 40, fewer than 5 %.")],
        )
    ],
)

COUNTS = f"""
WITH counted AS (SELECT * FROM item_attempts WHERE quiz_id = %(quiz)s AND counts_no > 0),
versions AS (SELECT quiz_version, count(*) AS learners FROM counted GROUP BY quiz_version),
one AS MATERIALIZED (SELECT total, marks, chosen FROM counted
    WHERE quiz_version = coalesce(%(version)s, (SELECT max(quiz_version) FROM counted))),
totals AS (SELECT total, count(*) AS learners FROM one GROUP BY total),
taken AS (SELECT mark.key AS item_id, mark.value ->> 0 AS earned, mark.value ->> 1 AS possible, total,
                 chosen -> mark.key AS chosen, count(*) AS learners
            FROM one CROSS JOIN LATERAL jsonb_each(marks) AS mark GROUP BY 1, 2, 3, 4, 5)
SELECT {CHECKPOINT.format("item_statistics")},
       (SELECT json_agg(json_build_array(quiz_version, learners) ORDER BY quiz_version) FROM versions)::text,
       (SELECT json_agg(json_build_array(total, learners)) FROM totals)::text,
       (SELECT json_agg(json_build_array(item_id, earned, possible, total, chosen, learners)) FROM taken)::text
"""
"""What is the same for several learners comes once: few rows, however many learners there are."""

_TAKEN = list[tuple[str, str, str, str, list[str] | None, int]]


class Counts(msgspec.Struct, frozen=True):
    """What learners have in the items of a version, and the position for which it is true."""

    position: int
    versions: list[tuple[int, int]]
    totals: dict[Fraction, int]
    taken: list[Taken]


async def counts(reader: Reader, quiz_id: str, version: int | None) -> Counts:
    """The counts of a version of a quiz; of the newest one that has any, without *version*."""
    position, versions, totals, taken = (await reader.rows(COUNTS, {"quiz": quiz_id, "version": version}))[0]
    exactly = _Exactly()
    return Counts(
        position=position or 0,
        versions=_decoded(versions, list[tuple[int, int]]),
        totals={exactly[total]: learners for total, learners in _decoded(totals, list[tuple[str, int]])},
        taken=[
            Taken(item_id, exactly[earned], exactly[possible], exactly[total], chosen, learners)
            for item_id, earned, possible, total, chosen, learners in _decoded(taken, _TAKEN)
        ],
    )


def _decoded(text: str | None, of: Any) -> Any:
    return [] if text is None else msgspec.json.decode(text, type=of)


class _Exactly(dict[str, Fraction]):
    """Values of numbers by their texts, of which there are few."""

    def __missing__(self, text: str) -> Fraction:
        value = self[text] = exact(text)
        return value
