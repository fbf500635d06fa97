"""Providers in the settings: what is taken, and what is refused in which words."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.oidc_settings import oidc_providers

SCHOOL: dict[str, Any] = {"name": "school", "issuer": "https://sign-in.example", "client_id": "campus"}


def test_providers_are_named_in_an_array_or_a_file(tmp_path: Path) -> None:
    """Their secrets stand there, or in files of their own; none is shown."""
    secret, file = tmp_path / "secret", tmp_path / "providers.json"
    secret.write_text("from a file\n")
    file.write_text(json.dumps([SCHOOL | {"client_secret_file": str(secret)}]))
    (school,) = oidc_providers(str(file))
    assert (school.title, school.secret) == ("school", "from a file")
    (club,) = oidc_providers(json.dumps([SCHOOL | {"label": "Club", "client_secret": "from here"}]))
    assert (club.title, club.secret) == ("Club", "from here")
    assert "from here" not in repr(club)
    assert oidc_providers("") == ()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"issuer": "http://sign-in.example"}, "provider 1.issuer: an issuer is https://HOST/PATH"),
        ({"issuer": "https://sign-in.example?x"}, "without a query"),
        ({"issuer": "https://u:p@sign-in.example"}, "no user and no password"),
        ({"issuer": "http://localhost.evil.example:80"}, "an issuer is https"),
        ({"name": "A B"}, "provider 1.name"),
        ({"client_id": ""}, "provider 1.client_id"),
        ({"hosts": ["https://x.example"]}, "without https://"),
        ({"scopes": ["email"]}, "the scope openid is missing"),
        ({"client_secret": "hidden", "client_secret_file": "/x"}, "leave one of them out"),
        ({"colour": "hidden"}, "provider 1.colour"),
    ],
)
def test_a_provider_that_cannot_be_used_is_refused(wrong: dict[str, Any], says: str) -> None:
    """The sentence says where, and shows no secret."""
    with pytest.raises(ValueError, match="provider 1") as refused:
        oidc_providers(json.dumps([SCHOOL | wrong]))
    assert says in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_names_and_issuers_are_there_once() -> None:
    """Accounts hang on them; and what is no list is refused."""
    with pytest.raises(ValueError, match="two providers have the issuer https://sign-in"):
        oidc_providers(json.dumps([SCHOOL, SCHOOL | {"name": "other"}]))
    with pytest.raises(ValueError, match="Invalid JSON"):
        oidc_providers("[{")
    with pytest.raises(ValueError, match="neither a JSON array nor the path"):
        oidc_providers("/nowhere/providers.json")
