"""Everything that leaves the product: written in the transaction of the action, delivered at least once afterwards.

It knows no area above: what a message is about is a plain type and id.
"""
