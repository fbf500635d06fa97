"""Pages for people are files that stand by themselves: a browser runs what is in them, and loads nothing."""

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256

from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

PAGE_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}


def shown(name: str, status: int = 200, **values: str) -> HTMLResponse:
    """A page, with the policy by which a browser runs its script and no other."""
    text, policy = _page(name) if not values else _rendered(name, values)
    return HTMLResponse(text, status, headers={"content-security-policy": policy, **PAGE_HEADERS})


@cache
def _page(name: str) -> tuple[str, str]:
    return _rendered(name, {})


def _rendered(name: str, values: Mapping[str, str]) -> tuple[str, str]:
    text = _templates().get_template(f"{name}.html").render(values)
    hashes = {
        tag: " ".join(f"'sha256-{b64encode(sha256(each.encode()).digest()).decode()}'" for each in found)
        for tag in ("script", "style")
        if (found := re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL))
    }
    policy = f"default-src 'none'; script-src {hashes['script']}; style-src {hashes['style']}; connect-src 'self'"
    return text, f"{policy}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@cache
def _templates() -> Environment:
    loader = ChoiceLoader([PackageLoader("api.http", "pages"), PackageLoader("api.auth", "pages")])
    return Environment(loader=loader, autoescape=select_autoescape(), undefined=StrictUndefined)
