"""How the reactor carries reactions out, and what it does with those that are refused or fail."""
