"""
The import of OULAD turns the dataset into facts, through the aggregates that decide for live learners too.

    run         one import from file to report: every day of every presentation, in the order of the calendar
    catalog     modules, presentations, sites and assessments -> commands
    outline     titles and units of a presentation
    history     registrations, activity, submissions and results -> facts, day by day
    writer      facts -> batches -> the log, without those that it has already
    report      rows read, facts appended, and whether they add up

The same file always gives the same plan, and each stream gets its facts in one order. The log itself therefore says how
far an import is: a stream that holds five of its facts goes on with the sixth.
"""

from workers.importing.oulad.catalog import ImportRefused
from workers.importing.oulad.run import import_oulad

__all__ = ["ImportRefused", "import_oulad"]
