"""Statements of the Experience API (xAPI 1.0.3, which IEEE 9274.1.1 takes up), for learning record stores."""
