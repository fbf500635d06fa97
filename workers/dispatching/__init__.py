"""What the dispatcher consists of: which jobs facts ask for, how one is carried out, and a start from the log alone."""
