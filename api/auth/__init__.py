"""Signing in over HTTP: in and out, forgotten passwords, and changes of the address."""

from fastapi import APIRouter

from api.auth import changed_address, factors, impersonation, passkeys, providers, recovery, sign_in, tokens

MODULES = (sign_in, recovery, changed_address, factors, passkeys, providers, tokens, impersonation)
router = APIRouter()
router.routes.extend(route for module in MODULES for route in module.router.routes)
router.routes.extend(tokens.keys_router.routes)
