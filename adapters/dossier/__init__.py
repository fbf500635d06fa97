"""
A learner's dossier: facts, proofs, documents and a page in one zip file that is checked without Campuslog
(docs/dossier.md).

gather     what belongs into it, from the log, the tree and the read models
page       index.html
assemble   its files, the signed statement, and the zip file
one_file   verify.py, put together from the modules of `verifier`
refold     its documents folded again from its facts
requests   dossiers that were asked for over HTTP, and how they stand
"""
