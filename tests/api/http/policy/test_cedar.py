"""Our decisions are those of Cedar, over every route, principal and thing, with all proofs, some and none."""

from collections.abc import Iterator
from itertools import groupby
from types import SimpleNamespace

import cedarpy
import pytest

from api.http.policy.decision import Allowed, Thing, decide
from api.http.policy.rows import ROWS
from api.http.policy.words import ANONYMOUS, Proof, Row
from domain.consents import PURPOSES, RESEARCH
from tests.support.cedar import entities, fields_of, policies, request

RUN, OTHER, COURSE = "algebra-1", "logic-1", "algebra"
USERS: dict[str, tuple[str, ...]] = {
    "": (ANONYMOUS,),
    "ann": ("learner",),
    "zoe": ("learner",),
    "of-this-run": ("learner", f"instructor@run:{RUN}"),
    "of-another-run": ("learner", f"instructor@run:{OTHER}"),
    "of-this-course": ("learner", f"instructor@course:{COURSE}"),
    "of-all": ("instructor",),
    "assists-here": ("learner", f"assistant@run:{RUN}"),
    "assists-elsewhere": ("learner", f"assistant@run:{OTHER}"),
    "auditor": ("auditor",),
    "auditor-and-admin": ("learner", "admin", "auditor"),
    "analyst": ("learner", "analyst"),
    "admin": ("learner", "admin"),
    "assists-and-administers": ("admin", f"assistant@run:{OTHER}"),
    "service": ("service",),
    "unknown-role": ("root",),
}
THINGS = [
    Thing(),
    *(Thing(owner) for owner in USERS if owner),
    *(Thing(owner, OTHER, "logic") for owner in USERS if owner),
    Thing(run_id=RUN, course_id=COURSE),
    Thing(run_id=OTHER, course_id="logic"),
    Thing("ann", RUN, COURSE),
    Thing("ann", RUN, COURSE, tuple(PURPOSES)),
    Thing("zoe", consents=(RESEARCH,)),
    Thing("zoe", "unknown"),
    Thing(course_id=COURSE),
    Thing(course_id="logic"),
    Thing(taught=(f"course:{COURSE}", f"run:{RUN}")),
    Thing(course_id=COURSE, taught=("course:logic", f"run:{OTHER}")),
]
PROOFS = ((), (Proof.FACTOR.value,), tuple(proof.value for proof in Proof))


def things_for(name: str) -> Iterator[tuple[int, Thing]]:
    """What a user is asked about, with its number: the own things, those of ann, and those of no one."""
    return ((number, thing) for number, thing in enumerate(THINGS) if thing.learner_id in {None, "ann", "zoe", name})


def ours(name: str, action: str, thing: Thing, proofs: tuple[str, ...], actor: str | None) -> Allowed | None:
    """What our table says."""
    user = SimpleNamespace(subject=name, roles=USERS[name], proofs=proofs, actor=actor) if name else None
    verdict = decide(action, user, thing)
    return verdict if isinstance(verdict, Allowed) else None


def rule(row: Row) -> str:
    """All of a row that a decision depends on: not its name, nor what its route asks for besides."""
    access = sorted(row.access.items())
    return repr((row.kind, access, row.step_up, row.consent, row.impersonated))


ALIKE = [list(rows) for _, rows in groupby(sorted(ROWS, key=rule), rule)]
"""The rows of the table, those together that differ by their names: Cedar is asked about the first of them."""


@pytest.mark.parametrize("rows", ALIKE, ids=lambda rows: rows[0].action)
def test_cedar_says_the_same(rows: list[Row]) -> None:
    """Allowed or not, and what is left out; a route is allowed to some and, if it is not open, refused to some."""
    first = rows[0]
    expected, asked, otherwise = [], [], []
    for name in USERS:
        for number, thing in things_for(name):
            for proofs, actor in [*((proofs, None) for proofs in PROOFS), *([((), "admin")] if name == "ann" else [])]:
                found, acting = ours(name, first.action, thing, proofs, actor), actor is not None
                asked.append(request(name, first.action, number, proofs, impersonated=acting))
                expected.append(found is not None)
                for field in fields_of(first):
                    asked.append(request(name, f"{first.action} {field}", number, proofs, impersonated=acting))
                    expected.append(found is not None and field not in found.redacts)
                otherwise += [
                    (row.action, asked[-1]) for row in rows if ours(name, row.action, thing, proofs, actor) != found
                ]
    users = [(name, roles if name else ()) for name, roles in USERS.items()]
    answers = cedarpy.is_authorized_batch(asked, policies([first]), entities([first], users, THINGS))
    assert [answer.diagnostics.errors for answer in answers if answer.diagnostics.errors] == []
    different = [
        (question, wanted)
        for question, wanted, answer in zip(asked, expected, answers, strict=True)
        if answer.allowed is not wanted
    ]
    assert different == []
    assert otherwise == []
    assert set(expected) == ({True} if ANONYMOUS in first.access else {True, False})
