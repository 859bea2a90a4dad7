"""Headers that keep other sites, frames and scripts away from ours."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

CSP = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'{checkout}; base-uri 'none'; frame-ancestors 'none'"
)


def csp_nonce() -> str:
    """This response's nonce for the few inline styles and scripts."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def init_security_headers(app: Flask, checkout_origins: tuple[str, ...]) -> None:
    """Add the headers to every response.

    ``checkout_origins``: browsers apply form-action to the redirects that follow a form, so
    the hosted checkout and onboarding pages have to be named.
    """
    checkout = "".join(f" {origin}" for origin in checkout_origins)
    app.jinja_env.globals["csp_nonce"] = csp_nonce

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        headers.setdefault(
            "Content-Security-Policy", CSP.format(nonce=csp_nonce(), checkout=checkout)
        )
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if request.is_secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if "Cache-Control" not in headers:
            # Pages differ per person; only media and static files say otherwise.
            headers["Cache-Control"] = "private, no-store"
        return response
