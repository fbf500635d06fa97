"""
A small synthetic campus to look at, made by the same commands as the API gives.

    catalog     courses, units, questions
    terms       runs that are over, in progress and to come, and one that is for sale
    learners    what learners do on them: believable, random, the same for the same seed
    run         all commands, in the order of their times
    people      the five who can sign in
"""

from workers.seeding.people import make_sample_people
from workers.seeding.run import SAMPLE_LOGINS, Seeded, SeedRefused, seed

__all__ = ["SAMPLE_LOGINS", "SeedRefused", "Seeded", "make_sample_people", "seed"]
