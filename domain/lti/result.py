"""
What a tool has said of one learner's work on one unit of a run: its scores, of which the latest by its clock stands.

A score with the moment of the one that stands, which says the same, changes nothing; an earlier one is refused.
"""

from datetime import UTC, datetime
from typing import ClassVar

from domain.aggregate import Aggregate, event, stream_id
from domain.lti.errors import ScoreBehind
from domain.lti.score import ToolScore
from domain.personal import Words


def result_stream(learner_id: str, run_id: str, unit_id: str) -> str:
    """The stream of a learner's result; the line item has the name of its unit."""
    return stream_id("lti_result", learner_id, run_id, unit_id)


class ToolResult(Aggregate):
    """One learner's result on one unit of a tool."""

    category = "lti_result"
    ids = ("learner_id", "run_id", "line_item")
    keyed_by = "learner_id"
    snapshot_every = 200
    snapshot_fields: ClassVar = {
        "scored_at": datetime | None,
        "given": str | None,
        "maximum": str | None,
        "activity": str,
        "grading": str,
    }

    class Scored(Aggregate.Event):
        """
        The tool *tool_id* has sent a score; `given` of `maximum` as it was sent.

        `points` of `possible` are the share that counts, None where nothing does; `completes` says whether the unit is
        completed by it, by the rule that it had.
        """

        TOPIC = "lti_result.scored"
        tool_id: str
        scored_at: datetime
        given: str | None
        maximum: str | None
        activity: str
        grading: str
        points: int | None
        possible: int | None
        completes: bool
        comment: Words

    def initial_state(self) -> None:
        self.scored_at: datetime | None = None
        self.given: str | None = None
        self.maximum: str | None = None
        self.activity = self.grading = ""

    def receive(self, tool_id: str, said: ToolScore, *, completes: bool) -> None:
        """
        Take a score of the tool, which was checked.

        Raises:
            ScoreBehind: one with a later moment is there, or another one with the same.
        """
        at = said.scored_at.astimezone(UTC)
        if self.scored_at is not None and at <= self.scored_at:
            stands = (self.scored_at, self.given, self.maximum, self.activity, self.grading)
            if stands == (at, said.given, said.maximum, said.activity, said.grading):
                return
            raise ScoreBehind(latest=self.scored_at.isoformat(), sent=at.isoformat())
        score = said.score
        self._scored(
            tool_id=tool_id,
            scored_at=at,
            given=said.given,
            maximum=said.maximum,
            activity=said.activity,
            grading=said.grading,
            points=None if score is None else score.points,
            possible=None if score is None else score.possible,
            completes=completes,
            comment=said.comment,
        )

    @event(Scored)
    def _scored(
        self,
        tool_id: str,
        scored_at: datetime,
        given: str | None,
        maximum: str | None,
        activity: str,
        grading: str,
        points: int | None,
        possible: int | None,
        completes: bool,
        comment: str,
    ) -> None:
        self.scored_at, self.given, self.maximum = scored_at, given, maximum
        self.activity, self.grading = activity, grading
