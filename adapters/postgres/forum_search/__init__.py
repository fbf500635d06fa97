"""The index by which posts of the forum are found: tokens of words, made with a key of the campus (decisions/0480)."""
