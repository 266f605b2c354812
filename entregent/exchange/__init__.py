"""Import and export: files of other systems come in after an exact dry run, can be undone, and go out again."""
