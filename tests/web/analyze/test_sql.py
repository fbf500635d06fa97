"""SQL on a page, without a script: ask, page through the answer, draw it, save files and queries."""

import re
from typing import Any

import pytest

from adapters.postgres.analytics import refresh
from adapters.postgres.connection import connect
from adapters.settings import Settings
from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from tests.support.polling import until
from web.analyze.answer_chart import BARS, LINES, chart_of
from web.words import NOTHING

HERE = "/analyze/sql"
SERIES = "SELECT 'week ' || n AS week, n * 2 AS learners, n AS grades FROM generate_series(1, {}) AS n"


def answer(rows: list[list[Any]], *kinds: str) -> dict[str, Any]:
    """An answer of the API, in short."""
    return {"columns": [{"name": f"c{place}", "kind": kind} for place, kind in enumerate(kinds)], "rows": rows}


def test_a_chart_takes_the_columns_that_fit_or_were_chosen() -> None:
    """The first that is no number across, numbers up; nothing is drawn of what has none."""
    found = answer([["a", 1, 2.5], ["b", None, 3], [None, -4, 4]], "text", "integer", "number")
    bars = chart_of(found, BARS, "", "")
    assert bars is not None
    assert (bars.across, bars.up, bars.points) == (0, 1, [("a", 1, "1"), ("b", 0, NOTHING), (NOTHING, 0, "-4")])
    lines = chart_of(found, LINES, "", "")
    assert lines is not None
    assert (lines.names, lines.series) == (["a", "b", NOTHING], [("c1", [1, None, -4]), ("c2", [2.5, 3, 4])])
    chosen = chart_of(found, LINES, "1", "2")
    assert chosen is not None
    assert (chosen.across, chosen.series) == (1, [("c2", [2.5, 3, 4])])
    assert chart_of(found, BARS, "9", "x") == bars
    assert chart_of(found, "", "", "") is None
    assert chart_of(answer([["a"]], "text"), BARS, "", "") is None
    many = chart_of(answer([[n] for n in range(90)], "integer"), BARS, "", "")
    assert many is not None
    assert (len(many.points), many.left_out) == (40, 50)


@pytest.fixture
async def analyst(town: Town, settings: Settings, lively: None) -> Reader:
    """An analyst, once the views are there."""
    reader = Reader(town)
    await reader.send("/signin/sample", {"person": "analyst"})
    async with await connect(settings, application="test") as connection:

        async def are_made() -> bool:
            found = await (await connection.execute("SELECT count(*) FROM analytics_views")).fetchone()
            return await refresh(connection, settings) == [] and found is not None and found[0] > 10

        await until(are_made)
    return reader


async def test_an_analyst_asks_draws_and_pages(analyst: Reader) -> None:
    """What was typed stays, whatever comes of it; an error points at its place."""
    first = await analyst.get(HERE)
    assert "Its place in the log" in text_of(first)
    assert "SELECT * FROM grades LIMIT 100" in (await analyst.get(f"{HERE}?view=grades")).text
    shown = await analyst.send(HERE, {"sql": SERIES.format(250), "chart": "bars"})
    assert shown.status_code == 200
    assert "Rows 1 to 100. There are more." in text_of(shown)
    assert 'class="chart-svg' in shown.text
    assert "60 further rows of this page are not drawn." in text_of(shown)
    rest = await analyst.send(HERE, {"sql": SERIES.format(250), "skip": "200"})
    assert "Rows 201 to 250." in text_of(rest)
    assert "week 250" in text_of(rest)
    wrong = await analyst.send(HERE, {"sql": "SELECT 1,\n  <b> FROM runs"})
    assert wrong.status_code == 422
    assert "&lt;b&gt; FROM runs\n  ^</code>" in wrong.text
    values = "SELECT '<script>' AS text, NULL AS nothing, true AS flag, jsonb_build_object('a', 1) AS json"
    page = (await analyst.send(HERE, {"sql": values})).text
    assert "<td>&lt;script&gt;</td>" in page
    assert "<script>" not in page.partition("<main")[2]
    none = await analyst.send(HERE, {"sql": "SELECT 1 AS n WHERE false"})
    assert "No row." in text_of(none)


async def test_an_analyst_saves_files_and_queries(town: Town, ada: Reader, analyst: Reader) -> None:
    """A query has an address, and its versions; learners have no such desk."""
    for form, begin in (("csv", b'"week"'), ("parquet", b"PAR1"), ("arrow", b"\xff\xff\xff\xff")):
        file = await analyst.send(f"{HERE}/file", {"sql": SERIES.format(2), "form": form})
        assert file.content.startswith(begin), form
        assert file.headers["content-disposition"].startswith("attachment")
    refused = await analyst.send(f"{HERE}/file", {"sql": "SELEC", "form": "csv"})
    assert (refused.status_code, refused.headers["content-type"]) == (422, "text/html; charset=utf-8")
    query = {"sql": SERIES.format(3), "name": "Weeks <b>"}
    saved = await analyst.send(f"{HERE}/save", query)
    address = saved.headers["location"]
    assert "The query is saved." in text_of(await analyst.follow(saved))
    query_id = address.rpartition("/")[2]
    again = {**query, "sql": "SELECT 7", "shared": "on", "query_id": query_id, "version": "2"}
    await analyst.follow(await analyst.send(f"{HERE}/save", again))
    page = await analyst.get(address)
    assert "SELECT 7</textarea>" in page.text
    assert "Weeks &lt;b&gt;" in page.text
    assert SERIES.format(3) in (await analyst.get(f"{address}?version=1")).text.replace("&#39;", "'")
    admin = Reader(town)
    await admin.send("/signin/sample", {"person": "admin"})
    shared = text_of(await admin.get(address))
    assert "who alone changes it" in shared
    assert not re.search("Save as version", shared)
    without = await analyst.send(f"{HERE}/save", {**query, "name": ""})
    assert without.status_code == 422
    gone = await analyst.send(f"{address}/remove", {"sql": "SELECT 7"})
    assert "The query is removed." in text_of(await analyst.follow(gone))
    assert (await analyst.get(address)).status_code == 404
    assert (await ada.get(HERE)).status_code == 403


async def test_an_admin_says_why_where_the_campus_needs_it(town: Town, analyst: Reader) -> None:
    """The fields are there for admins; what is missing is said at its field, and nothing that was typed is lost."""
    admin = Reader(town)
    await admin.send("/signin/sample", {"person": "admin"})
    campus = Campus(town.client)
    for name in ("tickets", "reasons"):
        headers = await campus.as_user("admin", **{"campus-ticket": "HELP-1"})
        body = {"name": name, "value": "required", "reason": "audit"}
        assert (await town.client.post("/v1/settings", json=body, headers=headers)).status_code == 202

    async def is_needed() -> bool:
        return (await admin.send(HERE, {"sql": "SELECT 1 AS one"})).status_code == 422

    await until(is_needed)
    without = await admin.send(HERE, {"sql": "SELECT 1 AS one"})
    assert "SELECT 1 AS one</textarea>" in without.text
    assert re.search(r'id="ticket"[^>]*aria-invalid="true"', without.text)
    odd = await admin.send(HERE, {"sql": "SELECT 1 AS one", "ticket": "a person"})
    assert re.search(r'id="ticket"[^>]*value="a person"[^>]*aria-invalid="true"', odd.text)
    half = await admin.send(HERE, {"sql": "SELECT 1 AS one", "ticket": "HELP-7"})
    assert re.search(r'id="reason"[^>]*aria-invalid="true"', half.text)
    why = {"reason": "an appeal", "ticket": "HELP-7"}
    assert "Answer" in text_of(await admin.send(HERE, {"sql": "SELECT 1 AS one", **why}))
    saved = await admin.send(f"{HERE}/save", {"sql": "SELECT 1", "name": "One", **why})
    address = saved.headers["location"]
    refused = await admin.send(f"{address}/remove", {"sql": "SELECT 1", "query_id": address.rpartition("/")[2]})
    assert refused.status_code == 422
    gone = await admin.send(f"{address}/remove", {"sql": "SELECT 1", **why})
    assert "The query is removed." in text_of(await admin.follow(gone))
    assert 'id="reason"' not in (await analyst.get(HERE)).text
