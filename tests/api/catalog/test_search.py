"""Search for courses over HTTP: by words as people type them, ranked, counted, and page by page."""

from typing import Any

from adapters.postgres.queries.course_search import OPEN_BIT, PACING_BITS, _counted, _Group
from tests.support.api import Campus

PLAN = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
VIDEO = {"unit_id": "v1", "kind": "video", "title": "Mammutwanderung"}
QUIZ = {"unit_id": "q1", "kind": "quiz", "title": "Check", "weight": 10_000}


async def offer(campus: Campus, name: str, title: str, *units: dict[str, Any], **more: str) -> tuple[str, int]:
    """A course with a version; its id, and the position of the last fact."""
    course = f"{campus.course}-{name}"
    await campus.send("/courses", {"course_id": course, "title": title, **more}, user="admin")
    return course, await campus.send(f"/courses/{course}/versions", {"units": [*units, QUIZ]}, user="admin")


def ids(found: dict[str, Any]) -> list[str]:
    """The courses of a page."""
    return [each["course_id"] for each in found["items"]]


def counts(found: dict[str, Any], facet: str) -> dict[str, int]:
    """The choices of a facet."""
    return {each["value"]: each["courses"] for each in found["facets"][facet]}


async def test_courses_are_found_by_what_people_type(campus: Campus) -> None:
    """Beginnings, other cases and accents, typing errors; the title counts most; what is not published is not found."""
    french, _ = await offer(campus, "fr", f"Zoölogie des Éléphants {campus.tag}", VIDEO, language="fr")
    summary = "Nothing about zoologie but this."
    other, _ = await offer(campus, "en", f"Elephantology of today {campus.tag}", summary=summary)
    await campus.send("/courses", {"course_id": f"{campus.course}-x", "title": f"Zoologie {campus.tag}"}, user="admin")
    run = {"run_id": campus.run, "course_id": french, "pacing": "self", **PLAN}
    await campus.send("/runs", run, user="admin")
    position = await campus.send(f"/runs/{campus.run}/open", user="admin")

    async def search(q: str, **narrowed: Any) -> dict[str, Any]:
        found: dict[str, Any] = await campus.see("/catalog/search", position, user=campus.learner, q=q, **narrowed)
        return found

    everything = await search(campus.tag)
    assert (everything["total"], everything["matched"], everything["alike"]) == (2, "all", {})
    assert (counts(everything, "language"), counts(everything, "kind")) == ({"en": 1, "fr": 1}, {"quiz": 2, "video": 1})
    assert (counts(everything, "pacing"), counts(everything, "registration")) == ({"self": 1}, {"open": 1, "closed": 1})
    only = await search(campus.tag, registration="open", pacing="self", kind="video", language="fr")
    assert (ids(only), counts(only, "language"), counts(only, "registration")) == ([french], {"fr": 1}, {"open": 1})
    assert only["items"][0] == {
        "course_id": french,
        "title": f"Zoölogie des Éléphants {campus.tag}",
        "summary": "",
        "language": "fr",
        "kinds": ["quiz", "video"],
        "pacings": ["self"],
        "registration": "open",
    }
    assert ids(await search(f"ZOOLOGIE {campus.tag}")) == [french, other]
    assert ids(await search("mammutwand")) == [french]
    wrong = await search(f"elefants {campus.tag}")
    assert (ids(wrong), wrong["matched"], wrong["alike"]) == ([french], "all", {"elefants": ["elephants"]})
    some = await search(f"elephants xylophonist {campus.tag}")
    assert (set(ids(some)), ids(some)[0], some["matched"]) == ({french, other}, french, "any")
    first = await search(campus.tag, limit=1)
    second = await search(campus.tag, limit=1, cursor=first["next"])
    assert {*ids(first), *ids(second)} == {french, other}
    assert (second["next"], first["total"], second["total"]) == (None, 2, 2)


async def test_any_text_is_an_answer_or_a_refusal(campus: Campus) -> None:
    """Signs without words narrow nothing, and what no query can hold is named."""
    course, position = await offer(campus, "one", f"Palaeography {campus.tag}")
    assert ids(await campus.see("/catalog/search", position, q=" ".join([campus.tag] * 100))) == [course]
    assert (await campus.get("/catalog/search", q="'):* | \\ & !<->")).json()["total"] >= 1
    for refused in ({"q": "a\0b"}, {"q": "a" * 1_001}, {"pacing": "slow"}, {"registration": "soon"}):
        assert (await campus.get("/catalog/search", **refused)).status_code == 422, refused
    assert (await campus.get("/catalog/search", cursor="WyJydW5zIl0")).json()["code"] == "bad_cursor"


def test_a_facet_counts_what_the_others_leave() -> None:
    """Whatever is chosen in it, so that its other choices can be seen; what is left by all is the total."""
    groups = [
        _Group("en", " quiz ", PACING_BITS["self"] | OPEN_BIT, 5),
        _Group("en", " quiz video ", 0, 3),
        _Group("fr", " video ", PACING_BITS["self"] | PACING_BITS["cohort"] | OPEN_BIT, 2),
    ]
    anything: dict[str, str | None] = {"language": None, "kind": None, "pacing": None, "registration": None}
    facets, total = _counted(groups, anything | {"language": "en", "registration": "open"})
    assert total == 5
    assert {each.value: each.courses for each in facets.language} == {"en": 5, "fr": 2}
    assert {each.value: each.courses for each in facets.registration} == {"open": 5, "closed": 3}
    assert {each.value: each.courses for each in facets.kind} == {"quiz": 5}
