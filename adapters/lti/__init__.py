"""The campus as an LTI platform: keys, pseudonyms, messages to tools, and what tools prove (LTI 1.3, Advantage)."""
