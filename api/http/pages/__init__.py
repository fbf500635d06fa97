"""What routes say to people without the pages of web/: files that stand by themselves, run nothing and load nothing."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

PAGE_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}


def shown(name: str, status: int = 200, **values: str) -> HTMLResponse:
    """A page, with the policy by which a browser takes its style and nothing else."""
    text = _templates().get_template(f"{name}.html").render(values)
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    hashes = " ".join(f"'sha256-{b64encode(sha256(each.encode()).digest()).decode()}'" for each in styles)
    policy = f"default-src 'none'; style-src {hashes}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return HTMLResponse(text, status, headers={"content-security-policy": policy, **PAGE_HEADERS})


@cache
def _templates() -> Environment:
    loader = PackageLoader("api.http", "pages")
    return Environment(loader=loader, autoescape=select_autoescape(), undefined=StrictUndefined)
