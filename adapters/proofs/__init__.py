"""
The tree over the log, where it is kept.

http    plain text over HTTP, for notary and witness
files   the keys of the notary, and the newest checkpoint that it has signed: outside of the log's database
tree    tiles and checkpoint in PostgreSQL
prove   proofs for readers, of what is signed
leaves  the leaves of ranges of the log, read to be hashed
publish  tiles and checkpoint as files
witnesses  where witnesses are, and what they show to anyone
"""
