"""Loaded by a worker that is to be killed: many small transactions instead of few large ones, which kills hit."""

from entregent.dunning.actions import launching

launching.CHUNK = 60
