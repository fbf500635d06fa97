"""Signing in over HTTP: in and out, forgotten passwords, changes of the address, and the pages for people."""

from fastapi import APIRouter

from api.auth import changed_address, factors, impersonation, pages, passkeys, providers, recovery, sign_in, tokens

MODULES = (sign_in, recovery, changed_address, factors, passkeys, providers, tokens, impersonation, pages)
router = APIRouter()
router.routes.extend(route for module in MODULES for route in module.router.routes)
router.routes.extend(tokens.keys_router.routes)
