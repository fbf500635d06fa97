"""
The pages that `campus bench pages` asks for, by desk, each with all queries over JSON that it is drawn from.

`{run}` is a run that the instructor teaches, `{own}` one on which the learner is, `{learner}` a learner of `{run}`, and
`{ids}` those whose names the page of it asks for. A query with `{course}` or `{granted}` is asked for each course, or
each run, of which the instructor has the role.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

UNREAD = "/v1/me/notifications/unread"
"""What stands at the bell of every page."""


class Desk(NamedTuple):
    """A page, who asks for it, and the queries that it is drawn from; none: only its time and size are measured."""

    person: str
    page: str
    queries: tuple[str, ...] = ()

    def of(self, values: Mapping[str, str], each: Mapping[str, Sequence[str]]) -> "Desk":
        """The same with what its places stand for; a query with a place of *each* is asked for each of these."""
        queries = (*self._queries(values, each), UNREAD) if self.queries else ()
        return Desk(self.person, self.page.format(**values), queries)

    def _queries(self, values: Mapping[str, str], each: Mapping[str, Sequence[str]]) -> Iterator[str]:
        for query in self.queries:
            place = next((name for name in each if f"{{{name}}}" in query), "")
            for value in each[place] if place else ("",):
                yield query.format(**values, **({place: value} if place else {}))


OF_RUN, NAMES = "/v1/runs/{run}", "/v1/runs/{run}/names?limit=200&ids={ids}"
DESKS = (
    Desk(
        "learner",
        "/learn",
        (
            "/v1/me/dashboard",
            "/v1/me/study",
            "/v1/me/announcements",
            "/v1/me/invitations",
            "/v1/me/runs/{own}/player",
        ),
    ),
    Desk("learner", "/learn/transcript", ("/v1/me/transcript",)),
    Desk("learner", "/courses", ("/v1/public/courses?limit=18",)),
    Desk("learner", "/learn/orders", ("/v1/me/purchases",)),
    Desk(
        "instructor",
        "/teach",
        ("/v1/me/roles?limit=200", "/v1/runs?course_id={course}&limit=200", "/v1/runs/{granted}"),
    ),
    Desk(
        "instructor",
        "/teach/runs/{run}",
        (
            OF_RUN,
            f"{OF_RUN}/dashboard",
            f"{OF_RUN}/at-risk?limit=20",
            f"{OF_RUN}/ungraded",
            f"{OF_RUN}/unanswered?limit=1",
            f"{OF_RUN}/moderation?limit=1",
            NAMES,
        ),
    ),
    Desk(
        "instructor",
        "/teach/runs/{run}/gradebook",
        (OF_RUN, f"{OF_RUN}/gradebook/matrix?skip=0&limit=50&sort=learner&order=asc", NAMES),
    ),
    Desk(
        "instructor",
        "/teach/runs/{run}/roster",
        (OF_RUN, f"{OF_RUN}/learners?sort=learner&order=asc", f"{OF_RUN}/waitlist", NAMES),
    ),
    Desk(
        "analyst",
        "/analyze",
        ("/v1/projections", "/v1/projections/jobs?limit=5", "/readyz", "/v1/overview?limit=200", "/v1/runs?limit=200"),
    ),
    Desk(
        "analyst",
        "/analyze/projections/gradebook",
        (
            "/v1/projections",
            "/v1/projections/jobs?projection=gradebook&limit=10",
            "/readyz",
            "/v1/projections/gradebook/rules",
        ),
    ),
    Desk(
        "admin",
        "/admin",
        (
            "/readyz",
            "/v1/jobs/failed?limit=1",
            "/v1/reactions/failed?limit=1",
            "/v1/overview?limit=1",
            "/v1/reconciliation",
            "/v1/refund-claims?limit=1",
        ),
    ),
    Desk("admin", "/admin/orders", ("/v1/orders?order=desc", "/v1/refund-claims")),
    Desk("admin", "/admin/jobs", ("/v1/jobs/failed", "/v1/reactions/failed", "/v1/bulk-jobs")),
)
LARGE = tuple(
    Desk(person, page)
    for person, pages in {
        "instructor": (
            "/teach/runs/{run}/gradebook?show=risk",
            "/teach/runs/{run}/gradebook?q=11",
            "/teach/runs/{run}/gradebook?sort=grade&order=desc",
            "/teach/runs/{run}/gradebook/rows?skip=1000",
            "/teach/runs/{run}/gradebook/list",
            "/teach/runs/{run}/gradebook/list?show=missing",
            "/teach/runs/{run}/roster?q=11",
            "/teach/runs/{run}/roster?sort=percent&order=desc",
            "/teach/runs/{run}/questions",
            "/teach/runs/{run}/grading",
            "/teach/runs/{run}/appeals",
            "/teach/runs/{run}/plan",
            "/search?q=11",
        ),
        "auditor": (
            "/audit",
            "/audit/disputes",
            "/audit/learners/{learner}",
            "/search?q={learner}",
        ),
        "analyst": ("/analyze/facts", "/analyze/lineage", "/analyze/jobs", "/analyze/sql"),
        "admin": (
            "/admin/people",
            "/admin/courses",
            "/admin/workers",
            "/admin/ledger",
            "/admin/audit",
            "/admin/settings",
        ),
    }.items()
    for page in pages
)
"""Further pages, which have much to show where a campus is large."""
