"""The desk of analysts: read models and their rules, jobs, parked keys, which facts there are, and SQL."""

from web.analyze import differences, facts, home, jobs, lineage, parked, projections, sql
from web.routing import Pages

pages = Pages(
    home.pages, projections.pages, jobs.pages, parked.pages, facts.pages, sql.pages, lineage.pages, differences.pages
)
