"""
The sample campus: a dozen courses with real text, sixty people, and a week that ends now.

    courses/    the courses, as Markdown; media/ has their films
    shelf       reads them
    cast        the people
    timetable   runs, who teaches, what is for sale
    studies     what learners do      answering  what they answer
    shop        what they buy         incidents  appeals, a regrade, announcements
    provider    the stand-in of the payment provider, if one runs
    desk        a bank of questions, a draft, more time, a corrected grade
    play        carries it all out, with what follows
    run         from an empty log to the campus
"""

from workers.seeding.sample.run import SampleRefused, SampleSeeded, seed_sample

__all__ = ["SampleRefused", "SampleSeeded", "seed_sample"]
