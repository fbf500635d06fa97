"""What the notary does beside the tree: the dossiers that were asked for, since it has the keys."""
