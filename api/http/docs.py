"""The description of the API for people, at `/docs`, from files in the environment: no CDN is asked."""

from importlib.resources import as_file, files

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.staticfiles import StaticFiles

router = APIRouter(include_in_schema=False)
ASSETS = "/docs/assets"


@router.get("/")
async def front() -> RedirectResponse:
    """Lead from the address of the API to its description."""
    return RedirectResponse("/docs")


@router.get("/docs")
async def docs() -> HTMLResponse:
    """The API to read and to try."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Campuslog API",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
        swagger_ui_parameters={"persistAuthorization": True},
    )


@router.get("/redoc")
async def redoc() -> HTMLResponse:
    """The API to read."""
    return get_redoc_html(
        openapi_url="/openapi.json",
        title="Campuslog API",
        redoc_js_url=f"{ASSETS}/redoc.standalone.js",
        redoc_favicon_url=f"{ASSETS}/favicon.png",
        with_google_fonts=False,
    )


def install(app: FastAPI) -> None:
    """Serve the pages and what they load."""
    app.include_router(router)
    with as_file(files("fastapi_offline") / "static") as assets:
        app.mount(ASSETS, StaticFiles(directory=assets))
