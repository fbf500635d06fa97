"""
What checks a dossier without Campuslog: the modules of `verify.py`, which use the standard library and each other only.

adapters/dossier/one_file.py puts them together, in this order: ed25519, notes, leaves, page_check, checks, command.
"""
