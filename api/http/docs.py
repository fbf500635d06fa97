"""
The description of the API for people, at `/docs`, from files in the environment: no CDN is asked.

The pages run these files and the one script that stands in them, by its hash, and talk to this API alone.
"""

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import as_file, files

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

router = APIRouter(include_in_schema=False)
ASSETS = "/docs/assets"
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@router.get("/docs")
async def docs() -> HTMLResponse:
    """The API to read and to try."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Campuslog API",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
        swagger_ui_parameters={"persistAuthorization": True},
    )
    return _guarded(page)


@router.get("/redoc")
async def redoc() -> HTMLResponse:
    """The API to read."""
    page = get_redoc_html(
        openapi_url="/openapi.json",
        title="Campuslog API",
        redoc_js_url=f"{ASSETS}/redoc.standalone.js",
        redoc_favicon_url=f"{ASSETS}/favicon.png",
        with_google_fonts=False,
    )
    return _guarded(page)


def _guarded(page: HTMLResponse) -> HTMLResponse:
    """The page with a policy for what it loads; the libraries write styles and pictures into it, and Redoc a worker."""
    hashes = [
        b64encode(sha256(script.encode()).digest()).decode() for script in SCRIPT.findall(bytes(page.body).decode())
    ]
    scripts = " ".join(["'self'", *(f"'sha256-{each}'" for each in hashes)])
    page.headers["content-security-policy"] = (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " font-src 'self' data:; connect-src 'self'; worker-src blob:; frame-ancestors 'none'; base-uri 'none'"
    )
    return page


def install(app: FastAPI) -> None:
    """Serve the pages and what they load."""
    app.include_router(router)
    with as_file(files("fastapi_offline") / "static") as assets:
        app.mount(ASSETS, StaticFiles(directory=assets))
