"""Bulk work with a result per row: what is asked on a page, done by the worker, resumed after a crash."""
