"""
Pages of other origins: which may use the API from a browser (CORS), by the setting `CAMPUS_API_ORIGINS`.

Users are named by tokens that a page sends itself, never by cookies, so no credentials are allowed. Without origins in
the setting the API answers as before, and browsers keep other pages out.
"""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

METHODS = ("GET", "HEAD", "POST", "PUT")
SENT = (
    *("Accept", "Authorization", "Campus-Reason", "Campus-Ticket", "Content-Type", "Idempotency-Key", "If-Match"),
    *("If-None-Match", "Last-Event-ID", "X-Request-Id"),
)
SHOWN = ("Campus-Position", "ETag", "Link", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id")
REMEMBERED = 600  # seconds for which a browser need not ask again


def install(app: FastAPI, origins: str) -> None:
    """Let pages of *origins* in, names with commas between; call it last, since this is the outermost middleware."""
    names = [name.strip().rstrip("/") for name in origins.split(",") if name.strip()]
    if names:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=names,
            allow_methods=METHODS,
            allow_headers=SENT,
            expose_headers=SHOWN,
            max_age=REMEMBERED,
        )
