"""A page with one form, which goes to another site by itself: the form post of OAuth (form_post response mode)."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape

from fastapi.responses import HTMLResponse

SCRIPT = "document.forms[0].submit()"
POLICY = (
    f"default-src 'none'; script-src 'sha256-{b64encode(sha256(SCRIPT.encode()).digest()).decode()}'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
"""Without `form-action`: a browser would hold it against each redirect by which a tool answers."""
PAGE = """<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>On to the tool</title></head>
  <body>
    <form method="post" action="{action}">
      {fields}
      <noscript><p>Go on to the tool:</p><button>Go on</button></noscript>
    </form>
    <script>{script}</script>
  </body>
</html>
"""


def sent_on(address: str, fields: Mapping[str, str]) -> HTMLResponse:
    """A page that posts some fields to an address."""
    inputs = "\n      ".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    text = PAGE.format(action=escape(address), fields=inputs, script=SCRIPT)
    headers = {
        "content-security-policy": POLICY,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
    }
    return HTMLResponse(text, headers=headers)
