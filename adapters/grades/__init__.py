"""Grades that come as a file: read, looked at line by line, and brought by a bulk job."""
