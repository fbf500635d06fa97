"""
The catalog over HTTP: courses in versions, their drafts, and their runs.

Published courses and runs are answered from the rows of read model catalog; a draft is read from its own facts.
"""

from fastapi import APIRouter

from api.catalog import contents, courses, diffs, drafts, public, runs, search

MODULES = (courses, search, public, drafts, diffs, runs, contents)
router = APIRouter()
router.routes.extend(route for module in MODULES for route in module.router.routes)
