"""`campus dev`: the sample people at a terminal."""

from datetime import UTC, datetime

import pytest

from adapters.auth.sample_people import PASSWORD, code_at
from adapters.settings import Settings
from cli.dev import collect, lines, page_url

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="no-server-is-asked", dev_login=True)


def test_the_five_are_listed_in_lines_that_fit_a_terminal() -> None:
    """With the page, the password and what the staff give beside it."""
    found = collect(HERE, NOON)
    assert found["page"] == "http://localhost:8000/"
    assert (found["password"], (found["code"], found["code_ends_in"])) == (PASSWORD, code_at(NOON))
    text = [line.plain for line in lines(found, "campus dev code")]
    assert max(map(len, text)) <= 80
    assert [line.split()[0] for line in text[1:6]] == ["learner", "instructor", "auditor", "analyst", "admin"]
    assert [line.endswith("and a code") for line in text[1:6]] == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("changed", "url"),
    [
        ({"api_host": "127.0.0.1", "api_port": 9000}, "http://localhost:9000/"),
        ({"api_host": "192.0.2.1"}, "http://192.0.2.1:8000/"),
        ({"public_url": "https://campus.example/"}, "https://campus.example/"),
    ],
)
def test_where_a_browser_opens_the_page(changed: dict[str, object], url: str) -> None:
    """At the name of this machine, where a browser keeps a secure cookie; elsewhere where it is reached."""
    assert page_url(HERE.model_copy(update=changed)) == url
