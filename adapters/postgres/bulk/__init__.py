"""The log in pages of columns, and rows by COPY, for rebuilds."""
