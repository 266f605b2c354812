"""The journal: who changed what, when, before and after, and under which action (RX-04).

Changes of rows are written by statement-level triggers in the same transaction, whatever path the write took; the
action adds who, why and the name of what happened. It knows no area above: subjects are plain ids.
"""
