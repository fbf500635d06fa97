"""Tools of others within courses, with the campus as their platform (LTI 1.3, LTI Advantage)."""

from fastapi import APIRouter

from api.lti import deep_links, grades, launches, line_items, members, tokens, tools

MODULES = (tools, launches, deep_links, tokens, line_items, grades, members)
router = APIRouter()
router.routes.extend(route for module in MODULES for route in module.router.routes)
