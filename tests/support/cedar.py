"""
The policy as policies of Cedar, and a request as Cedar is asked: a second evaluator of the same table.

Only the rows are shared with ours (api/http/policy/rows, words.py). Who has a role where, whose a thing is, and what
an auditor may not do is said in Cedar's own terms: parents, attributes and a `forbid`. What is left out of an answer is
an action of its own, such as `getOrder checkout_url`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from api.http.policy.decision import Thing
from api.http.policy.words import (
    ADMIN,
    ANALYST,
    ANONYMOUS,
    ASSISTANT,
    AUDITOR,
    INSTRUCTOR,
    LEARNER,
    NEEDS,
    SERVICE,
    Access,
    Kind,
    Relation,
    Row,
)

OWN = "resource has owner && resource.owner == principal"
HELD = {
    Relation.OWN_RUN: "resource has places && principal.{role}_of.containsAny(resource.places)",
    Relation.OWN_COURSE: "resource has course && principal.{role}_of.contains(resource.course)",
    Relation.TAUGHT: "resource has taught && principal.{role}_of.containsAny(resource.taught)",
}
"""How a role that holds in some places holds for a thing."""

NOT_BESIDE = dict.fromkeys((INSTRUCTOR, ASSISTANT, ANALYST, ADMIN), (AUDITOR, SERVICE)) | {LEARNER: (SERVICE,)}
"""By role, those beside which it does not count."""

FORBID = f'\nforbid (principal in Role::"{AUDITOR}", action in Action::"{Kind.COMMAND}", resource);\n'


def policies(rows: Iterable[Row]) -> str:
    """All policies."""
    return "\n".join(policy for row in rows for policy in _of_row(row)) + FORBID


def fields_of(row: Row) -> list[str]:
    """What the answer of a row may be without."""
    return sorted({field for access in row.access.values() for field in access.redacts})


def _of_row(row: Row) -> Iterator[str]:
    for role, access in row.access.items():
        actions = [row.action, *(f"{row.action} {field}" for field in fields_of(row) if field not in access.redacts)]
        listed = ", ".join(f'Action::"{action}"' for action in actions)
        yield f"permit (principal, action in [{listed}], resource) when {{ {_condition(row, role, access)} }};"
    if row.kind is Kind.COMMAND and LEARNER not in row.access and {INSTRUCTOR, ASSISTANT} & row.access.keys():
        yield f'forbid (principal, action == Action::"{row.action}", resource) when {{ {OWN} }};'
    for field in fields_of(row):
        yield f'forbid (principal, action == Action::"{row.action} {field}", resource) when {{ context.impersonated }};'


def _condition(row: Row, role: str, access: Access) -> str:
    if role == ANONYMOUS:
        return "true"
    needs = [f'context.proofs.contains("{proof}")' for proof in NEEDS.get(role, ())]
    if row.step_up and access.relation is not Relation.SELF:
        needs.append('context.proofs.contains("step-up")')
    if row.consent and access.relation is not Relation.SELF:
        needs.append(f'(({OWN}) || resource.consents.contains("{row.consent}"))')
    has_role = f'principal in Role::"{role}"'
    if access.relation is Relation.SELF:
        where = f"({has_role} && {OWN})"
    elif access.relation is Relation.ANY:
        where = has_role
    else:
        where = f"({has_role} || (principal has {role}_of && {HELD[access.relation].format(role=role)}))"
    if not row.impersonated:
        needs.append("!context.impersonated")
    alone = [f'!(principal in Role::"{other}")' for other in NOT_BESIDE.get(role, ())]
    return " && ".join([where, *alone, *needs])


def entities(
    rows: Iterable[Row], users: Iterable[tuple[str, Sequence[str]]], things: Iterable[Thing]
) -> list[dict[str, Any]]:
    """Actions, users and things, as Cedar takes them; a user is an id and roles, with `@` and a scope or without."""
    found = [_entity("Action", kind.value) for kind in Kind]
    found += [
        _entity("Action", action, parents=[_uid("Action", row.kind.value)])
        for row in rows
        for action in (row.action, *(f"{row.action} {field}" for field in fields_of(row)))
    ]
    for name, roles in users:
        split = [role.partition("@") for role in roles]
        everywhere = {role for role, at, _ in split if not at}
        if name and SERVICE not in everywhere:
            everywhere.add(LEARNER)
        places: dict[str, list[str]] = {}
        for role, at, scope in split:
            if at:
                places.setdefault(f"{role}_of", []).append(scope)
        parents = [_uid("Role", role) for role in sorted(everywhere)]
        found.append(_entity("User", name, places, parents))
    return [*found, *(_entity("Thing", str(number), _attributes(thing)) for number, thing in enumerate(things))]


def request(user: str, action: str, thing: int, proofs: Sequence[str], *, impersonated: bool = False) -> dict[str, Any]:
    """A request, as Cedar is asked; *thing* is its number; *impersonated*: an admin acts as the user."""
    return {
        "principal": f'User::"{user}"',
        "action": f'Action::"{action}"',
        "resource": f'Thing::"{thing}"',
        "context": {"proofs": list(proofs), "impersonated": impersonated},
    }


def _attributes(thing: Thing) -> dict[str, Any]:
    found: dict[str, Any] = {"consents": list(thing.consents), "taught": list(thing.taught)}
    if thing.learner_id is not None:
        found["owner"] = {"__entity": _uid("User", thing.learner_id)}
    if thing.course_id is not None:
        found["course"] = f"course:{thing.course_id}"
    if thing.run_id is not None:
        found["places"] = [f"run:{thing.run_id}", *([found["course"]] if "course" in found else [])]
    return found


def _entity(
    kind: str, name: str, attributes: dict[str, Any] | None = None, parents: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    return {"uid": _uid(kind, name), "attrs": attributes or {}, "parents": parents or []}


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}
