"""What goes with every static file: nothing in it runs or loads as a page of its own."""

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def add_headers(headers, path: str, url: str) -> None:
    """Called by WhiteNoise, which answers before the middleware that pages get their policy from."""
    headers["Content-Security-Policy"] = POLICY
    headers["X-Content-Type-Options"] = "nosniff"
