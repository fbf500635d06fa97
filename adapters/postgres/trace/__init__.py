"""What led to a fact, and what followed from it: requests, facts and jobs as one tree."""
