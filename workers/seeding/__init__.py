"""
A small synthetic campus, through the same commands as everybody else, so that there is something to see.

    catalog   what is taught: courses, units, questions
    terms       when: runs that are over, under way and to come
    learners    who does what on them, believable and random, the same for the same seed
    run         all of it, in the order in which it happens
"""

from workers.seeding.run import SAMPLE_LOGINS, Seeded, SeedRefused, seed

__all__ = ["SAMPLE_LOGINS", "SeedRefused", "Seeded", "seed"]
