"""Our decisions are those of Cedar, over every route, principal and thing, with all proofs, some and none."""

from collections.abc import Iterator
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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.action)
def test_cedar_says_the_same(row: Row) -> None:
    """Allowed or not, and what is left out; a route is allowed to some and, if it is not open, refused to some."""
    expected, asked = [], []
    for name in USERS:
        for number, thing in things_for(name):
            for proofs, actor in [*((proofs, None) for proofs in PROOFS), *([((), "admin")] if name == "ann" else [])]:
                found, acting = ours(name, row.action, thing, proofs, actor), actor is not None
                asked.append(request(name, row.action, number, proofs, impersonated=acting))
                expected.append(found is not None)
                for field in fields_of(row):
                    asked.append(request(name, f"{row.action} {field}", number, proofs, impersonated=acting))
                    expected.append(found is not None and field not in found.redacts)
    users = [(name, roles if name else ()) for name, roles in USERS.items()]
    answers = cedarpy.is_authorized_batch(asked, policies([row]), entities([row], users, THINGS))
    assert [answer.diagnostics.errors for answer in answers if answer.diagnostics.errors] == []
    different = [
        (question, wanted)
        for question, wanted, answer in zip(asked, expected, answers, strict=True)
        if answer.allowed is not wanted
    ]
    assert different == []
    assert set(expected) == ({True} if ANONYMOUS in row.access else {True, False})
