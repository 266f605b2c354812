"""Files that the product keeps: attachments of entries, of transfers, raw mails, evidence.

A file has no page of its own: whoever links to it serves it (`web.answers`) after its own check.
"""
