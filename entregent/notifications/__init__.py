"""Who is told of what: the bell, mails at once, the digest of the morning, and what each person chose of them."""
