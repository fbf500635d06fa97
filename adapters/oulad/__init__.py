"""
The Open University Learning Analytics Dataset (OULAD): from its zip file to presentations in memory.

archive.py reads CSV files out of the zip, values.py reads numbers, model.py is what comes out, tables.py checks every
row of every file, digest.py tells whether two files hold the same. What it becomes is decided in workers/importer.

Gender, region, age and the like are checked for their column and left where they are: they are personal data, and
the log holds none.
"""
