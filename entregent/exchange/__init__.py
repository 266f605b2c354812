"""Data coming in from files and going out to files.

A file is read and checked row by row into `ImportRow` (the plan: what each row would do), then the plan is carried
out in chunks of one SQL statement each table; the same plan is shown as the dry run. What an import changed is found
in the journal by its action, and undone from there.
"""
