"""
The Open University Learning Analytics Dataset (OULAD): from its zip file to presentations in memory.

archive.py reads CSV files out of the zip, values.py reads numbers, model.py is what comes out, tables.py checks every
row of every file, digest.py compares the contents of files. workers/importing/oulad turns presentations into facts.

Columns such as gender, region and age must exist, and are not read: they are personal data, and the log holds none.
"""
