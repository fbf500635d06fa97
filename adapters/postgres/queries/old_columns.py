"""
Rows of a generation that older code has made, which lacks columns of today: each has a value that stands for it.

A name within the inner select means the table's column where there is one, else that value, until a rebuild is
promoted.
"""


def with_columns(select: str, name: str, **defaults: str) -> str:
    """SQL for the rows of *select* as the table *name*; *defaults* are the columns that a generation may lack."""
    old = ", ".join(f"{default} AS {column}" for column, default in defaults.items())
    return f"(SELECT {name}.* FROM (SELECT {old}) AS old CROSS JOIN LATERAL ({select}) AS {name}) AS {name}"
