"""Bulk jobs: what each line is, the table of jobs and lines, and how a job is prepared and carried out."""
