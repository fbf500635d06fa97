"""
The import of OULAD: what the dataset says becomes facts, through the aggregates that decide for live learners too.

    timeline    every day of every presentation, in the order of the calendar
    catalog   modules, presentations, sites and assessments -> commands
    history     registrations, activity, submissions and results -> facts, day by day
    writer      facts -> batches -> the log, leaving out what it has already
    report      what was read, what became of it, and whether it adds up

The plan is the same whenever the same file is read, and every stream gets its facts in one order. So the log itself
says how far an import has come: a stream that holds five of its facts goes on with the sixth.
"""

from workers.importing.oulad.catalog import ImportRefused
from workers.importing.oulad.run import import_oulad

__all__ = ["ImportRefused", "import_oulad"]
