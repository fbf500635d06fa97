"""
Question files of other systems: GIFT, Moodle XML, Aiken, QTI 2.1 to 3.0, Canvas in; GIFT, Moodle XML and QTI 3 out.

`reading.read_questions` finds the format by the content and takes what it can; the rest is refused question by
question, with file, line and reason. Nothing is read but the given bytes, and nothing is written (decisions/0280).
"""
