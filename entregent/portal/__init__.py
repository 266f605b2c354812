"""The client portal: what somebody at a client sees and does, under `/portail/`.

It has its own session (a cookie of its own name and path, `sessions.py`), its own URL conf (`web/root_urls.py`) and its
own guard (`guard.py`). It reads of conversations only what was published (`interactions.publication`).
"""
