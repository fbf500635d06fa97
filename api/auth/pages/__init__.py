"""Pages for people: each is one file, whose script alone runs there; what a link carries is behind `#`."""

from fastapi.responses import HTMLResponse

from api.http.openapi import page
from api.http.pages import shown
from api.http.routing import router as strict_router

router = strict_router("auth", "/v1")


@router.get(
    "/auth/welcome", responses=page("The page to which the link of a registration leads."), response_class=HTMLResponse
)
async def welcome() -> HTMLResponse:
    """Choose a name and a password."""
    return shown("welcome")


@router.get("/auth/recover", responses=page("The page for a password that is forgotten."), response_class=HTMLResponse)
async def recover() -> HTMLResponse:
    """Ask for a mail, or choose another password, where the link of the mail has led here."""
    return shown("recover")


@router.get(
    "/auth/new-address",
    responses=page("The page to which the mail to a new address leads."),
    response_class=HTMLResponse,
)
async def new_address() -> HTMLResponse:
    """Confirm the address."""
    return shown("new-address")


@router.get(
    "/auth/old-address",
    responses=page("The page to which the mail to an old address leads."),
    response_class=HTMLResponse,
)
async def old_address() -> HTMLResponse:
    """Take the change of the address back, and choose another password."""
    return shown("old-address")


@router.get("/auth/sign-in", responses=page("The page for signing in."), response_class=HTMLResponse)
async def sign_in_page() -> HTMLResponse:
    """Sign in by password and second factor, or by a passkey."""
    return shown("sign-in")


@router.get("/auth/registration", responses=page("The page for registering."), response_class=HTMLResponse)
async def registration_page() -> HTMLResponse:
    """Ask for an account; the rest goes by mail."""
    return shown("register")


@router.get("/auth/security", responses=page("The page for second factors."), response_class=HTMLResponse)
async def security_page() -> HTMLResponse:
    """Add an app or a passkey; it asks for what the user's session may."""
    return shown("security")


@router.get("/auth/connected", responses=page("The page of connected sign-ins."), response_class=HTMLResponse)
async def connected_page() -> HTMLResponse:
    """Connect accounts of providers, and disconnect them."""
    return shown("connected")
