"""
The access log: one line for a request, without anything that names a person.

A line has the method, the template of the route (never the path, which names learners), status, time and request id,
and the code of a refusal, such as `sign_in_refused`; no address, no user, no query, no header. By the setting
`CAMPUS_ACCESS_LOG`: of refusals and errors, of all, or none.
"""

import time

import structlog

from api.http.door.gcra import Quota, conforms, next_arrival

REFUSED = frozenset((400, 401, 403, 408, 413, 414, 429, 431))
"""Statuses of what the door or a check of rights has refused; errors (5xx) are beside them."""

MOST_LINES = Quota(600, 60)  # of refusals: a flood of them must not fill the disk

logger = structlog.get_logger()


class AccessLog:
    """The lines of one process; *which* is the setting."""

    def __init__(self, which: str) -> None:
        self._all, self._some = which == "all", which == "refused"
        self._following = 0
        self._left_out = 0

    def wants(self, status: int) -> bool:
        """Whether an answer of *status* is written down."""
        return self._all or (self._some and (status in REFUSED or status >= 500))

    def write(self, method: str, route: str, status: int, seconds: float, request_id: str, *, code: str = "") -> None:
        """Write the line of a request that was answered."""
        if not self._all and not self._has_room():
            return
        logger.info(
            "request.answered",
            method=method,
            route=route,
            status=status,
            ms=round(1_000 * seconds, 1),
            request_id=request_id,
            **({"code": code} if code else {}),
            **({"left_out": self._left_out} if self._left_out else {}),
        )
        self._left_out = 0

    def _has_room(self) -> bool:
        now = time.monotonic_ns()
        following = next_arrival(self._following, now, MOST_LINES.interval)
        if not conforms(following, now, MOST_LINES.window):
            self._left_out += 1
            return False
        self._following = following
        return True
