"""Where the rows of a generation are kept: the protocol of a store, and the table of those that there are."""
