"""Groups of clients of a service provider: which of its employees act for which clients, on one screen (source 002).

A change of a group is a processing request: staged row by row by a job, taking effect in one transaction at its end.
"""
