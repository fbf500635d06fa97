"""The pages of signing in: each runs its own script and no other, and keeps what a link carries to itself."""

import re
from base64 import b64encode
from hashlib import sha256

import httpx
import pytest
from fastapi import FastAPI

from adapters.settings import Settings
from api.app import build
from tests.support.api import served

PAGES = ("welcome", "recover", "new-address", "old-address", "sign-in", "security", "registration", "connected")


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """The application."""
    return build(settings)


async def test_a_page_runs_its_own_script_and_no_other(app: FastAPI) -> None:
    """Nothing is loaded from elsewhere, framed, kept, or said to the next page."""
    async with served(app) as client:
        for name in PAGES:
            page: httpx.Response = await client.get(f"/v1/auth/{name}")
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), name
            (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
            policy = page.headers["content-security-policy"]
            assert f"script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}';" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
            assert not re.findall(r'(src|href)="(?!/v1/auth/)', page.text)
            assert "{{" not in page.text
            (title,) = re.findall(r"<title>(.*?)</title>", page.text)
            assert f"<h1>{title}</h1>" in page.text
