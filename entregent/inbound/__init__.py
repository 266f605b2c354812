"""What comes in by itself: mails, by IMAP and LMTP, and telephone calls, by a webhook.

A mail is kept as it came before its server is told so; only then is it read, by a job. What cannot be read waits in
quarantine, what cannot be told whose it is in « À rattacher »: nothing is lost.
"""
