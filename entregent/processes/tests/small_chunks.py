"""Loaded by a worker that is to be killed: many small transactions instead of few large ones, which kills hit."""

from entregent.processes.actions import mass, scheduling

mass.CHUNK = scheduling.CHUNK = 60
