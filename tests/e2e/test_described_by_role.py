"""
Whatever the OpenAPI description allows, and what it does not, asked by each role: answered as it is described, without
a word about persons whom the role may not see.

Each case is sent once as each role, in turns of who comes first. Half of them name persons, runs and orders that are
there: what is made at random would find no one. Streams are not asked (tests/api/http/policy decides for them).
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import unquote_plus

import pytest
import requests
from schemathesis.core.transport import Response

from adapters.jwt import PROOFS, JwtClaims, sign
from adapters.postgres.connection import connect
from adapters.postgres.ops.lag import projection_lags
from adapters.settings import Settings
from cli.up.plan import variables
from tests.conftest import migrated
from tests.support.api import workers
from tests.support.api_process import serving
from tests.support.campus_up import campus
from tests.support.canary_campus import Canaries, Canary, settled
from tests.support.described import LABELS, Case, answer_as_described, each_case, operations
from tests.support.servers import Servers

pytestmark = [pytest.mark.slow, pytest.mark.processes]

EXAMPLES = 25  # at random of each operation, beside those that are made by a system
ENOUGH = 100_000  # cases
NO_PERSON = "anonymous", "learner", "analyst", "service"
"""Roles that see no other person at all."""

ON_OWN_RUN = "instructor", "assistant"
"""Roles that see the learners of one run, by their ids."""

ROLES: dict[str, tuple[str, ...]] = {
    "anonymous": (),
    "learner": ("learner",),
    "instructor": ("learner", "instructor@run:{run}"),
    "assistant": ("learner", "assistant@run:{run}"),
    "auditor": ("auditor",),
    "analyst": ("learner", "analyst"),
    "admin": ("learner", "admin"),
    "service": ("service",),
}
OPENS_NAMES = "breakGlass"
"""What makes names known by right: not sent for persons who are there, so that no name may be in any answer."""


@dataclass
class Asked:
    """The campus, who asks, and how many cases were sent."""

    settings: Settings
    canaries: Canaries
    url: str
    tokens: dict[str, str | None]
    session: requests.Session
    sent: int = 0
    turns: Iterator[int] = field(default_factory=count)
    asked: set[str] = field(default_factory=set)

    def send(self, case: Case) -> None:
        """Send a case as each role."""
        turn = next(self.turns)
        named = _name_what_is_there(case, self.canaries, turn) if turn % 2 else None
        names = [*self.tokens]
        for number in range(len(names)):
            role = names[(number + turn) % len(names)]
            answer = answer_as_described(case, self.url, self.tokens[role], self.session, mended=named is not None)
            self.sent += 1
            _shows_no_one(case, role, answer, self.canaries, named)


@pytest.fixture(scope="module")
def asked(servers: Servers) -> Iterator[Asked]:
    """A campus with canaries, served by a process of its own."""
    settings = migrated(servers)
    with workers(settings):
        canaries = settled(settings)
        run = canaries.inside[0].run_id
        with serving(settings) as api, requests.Session() as session:
            tokens = {name: _token(settings, name, [role.format(run=run) for role in ROLES[name]]) for name in ROLES}
            yield Asked(settings, canaries, api.url, tokens, session)


def _token(settings: Settings, name: str, roles: Sequence[str]) -> str | None:
    if not roles:
        return None
    claims = JwtClaims(f"asks-as-{name}", tuple(roles), name, proofs=PROOFS)
    return sign(claims, settings.token_secret, now=datetime.now(UTC), lifetime=timedelta(days=1))


def _name_what_is_there(case: Case, canaries: Canaries, turn: int) -> Canary | None:
    """Put the ids of one person's things, or a position of the log, in the place of those that were made up."""
    operation = case.operation.definition.raw.get("operationId")
    if operation == OPENS_NAMES:
        return None
    canary = canaries.everyone[turn // 2 % len(canaries.everyone)]
    known: dict[str, Any] = {**canary.known, "position": 1 + turn // 2 % canaries.head}
    for place in (case.path_parameters, case.query, case.body):
        if isinstance(place, dict):
            place.update({name: value for name, value in known.items() if name in place})
    return canary


def _shows_no_one(case: Case, role: str, answer: Response, canaries: Canaries, named: Canary | None) -> None:
    """No name at all, no id of a person whom the role may not see unless it was sent, and nothing about such a one."""
    hidden = canaries.everyone if role in NO_PERSON else canaries.outside if role in ON_OWN_RUN else []
    request = unquote_plus(f"{answer.request.url} {answer.request.body!r}")
    text = answer.content.decode(errors="replace") + str(answer.headers)
    never = [each for canary in canaries.everyone for each in canary.secrets[:2]]
    never += [each for canary in hidden for each in canary.secrets]
    shown = [each for each in never if each in text]
    shown += [each for canary in hidden for each in canary.ids if each in text and each not in request]
    assert not shown, f"{role} is shown {shown} by {case.operation.label}: {text[:2_000]}"
    path = unquote_plus(str(answer.request.url)).partition("?")[0]
    is_asked = named is not None and named in hidden and any(each in path for each in named.ids)
    if is_asked and str(answer.request.method).lower() == case.operation.method:  # not OPTIONS
        assert answer.status_code >= 300, f"{role} got {case.operation.label} of another: {text[:2_000]}"


@pytest.mark.parametrize("label", LABELS)
def test_every_role_is_answered_as_described(label: str, asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    """No 5xx, no status, content type or body that the description does not name, and no other person."""
    each_case(operations()[label], EXAMPLES, asked.send)
    asked.asked.add(label)
    with capsys.disabled():
        sys.stdout.write(f"\n{len(asked.asked)} of {len(LABELS)} operations, {asked.sent:,} cases: {label} ")


async def test_no_rule_is_broken_afterwards(asked: Asked) -> None:
    """The log verifies, and no read model has left out a fact."""
    verified = campus("log", "verify", env=variables(asked.settings))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    async with await connect(asked.settings, application="test") as connection:
        assert [each.name for each in await projection_lags(connection) if each.parked] == []
    if asked.asked == set(LABELS):
        assert asked.sent >= ENOUGH
