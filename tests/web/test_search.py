"""`/search` finds what its reader may see, and nothing else."""

from tests.support.api import Campus
from tests.support.page_policy import recorded
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from web.page import DESKS
from web.search import FINDERS, MOST, PLACES, fits, is_id


def test_words_and_ids_are_looked_for_as_people_type_them() -> None:
    """Each word has to be there, in any case and order; an id has no spaces and nothing that leads elsewhere."""
    assert fits("algebra LINEAR", "Linear Algebra", "MATH-101")
    assert fits("", "anything")
    assert not fits("linear botany", "Linear Algebra")
    assert [is_id(each) for each in ("MATH-101", "a_b", "two words", "a/b", "..", "é", "x" * 65)] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip


def test_each_page_is_one_that_its_desk_opens() -> None:
    """A place of a desk stands under its address, but for what others see there; what is for everyone under none."""
    desks = {desk for desk, _ in DESKS} | {"learn"}
    assert {place.desk for place in PLACES} | {desk for desk, _, _ in FINDERS} <= desks | {"", "visitors"}
    for place in PLACES:
        first = place.address.split("/")[1]
        assert first == place.desk or first not in desks or place.address == "/analyze/parked", place


async def test_a_visitor_finds_pages_and_is_shown_no_desk(town: Town) -> None:
    """Without words all pages that are open; with some that fit nothing, that nothing was found."""
    visitor = Reader(town)
    everything = await visitor.get("/search")
    assert everything.status_code == 200
    assert 'href="/signin"' in everything.text
    assert 'href="/account"' not in everything.text.partition("<main")[2]
    nothing = await visitor.get("/search?q=xyzzy")
    assert (nothing.status_code, "Nothing was found" in text_of(nothing)) == (200, True)
    odd = await visitor.get("/search?q=%3Cscript%3E%22x&part=1")
    assert "<script" not in odd.text
    assert "<html" not in odd.text


async def test_a_learner_finds_own_runs_and_units(campus: Campus, ada: Reader) -> None:
    """By title, in every order; nothing of the staff. A visitor does not find them."""
    found = await ada.sees("/search?q=" + campus.run, campus.run)
    assert f'href="/learn/runs/{campus.run}"' in found
    assert found.count('class="found"') <= MOST * len(FINDERS)
    assert "To be administered" not in found
    assert f"/learn/runs/{campus.run}" not in (await Reader(ada.town).get(f"/search?q={campus.run}")).text


async def test_names_of_learners_are_looked_at_on_the_page_alone(town: Town) -> None:
    """The dialog asks with each key, and a look at names is recorded: there it has the way to the page."""
    reader = Reader(town)
    await reader.send("/signin/sample", {"person": "admin"})
    assert 'href="/search?q=ada+l"' in (await reader.get("/search?q=ada%20l&part=1")).text
    whole = await reader.get("/search?q=ada%20l")
    assert (whole.status_code, 'href="/search?q=ada+l"' in whole.text) == (200, False)


async def test_each_part_of_the_campus_is_asked_once(town: Town) -> None:
    """Read models and types of facts are found by one question; what the policy does not show is not asked for."""
    admin = Reader(town)
    await admin.send("/signin/sample", {"person": "admin"})
    with recorded(town.app) as asked:
        found = await admin.get("/search?q=enrollment.activated")
    assert 'href="/analyze/facts/enrollment.activated"' in found.text
    assert [each.operation for each in asked].count("listProjections") == 1
    assert not any(each.is_refused for each in asked)


async def test_the_staff_find_what_their_desks_have(town: Town) -> None:
    """An admin has all desks: facts and read models by name, the ways to what has an id. An auditor has no accounts."""
    asked = {
        "17": ["/audit/facts/17"], "o-1": ["/audit/orders/o-1", "/admin/orders/o-1", "/admin/people/o-1"],
        "enrollment.activated": ["/analyze/facts/enrollment.activated"], "reactions": ["/admin/jobs"],
    }  # fmt: skip
    for person, sees in (("admin", ("/admin", "/audit", "/analyze")), ("auditor", ("/audit", "/analyze"))):
        reader = Reader(town)
        await reader.send("/signin/sample", {"person": person})
        for text, addresses in asked.items():
            page = await reader.get(f"/search?q={text}&part=1")
            found = [each for each in addresses if f'href="{each}"' in page.text]
            assert found == [each for each in addresses if each.startswith(sees)], (person, text)
