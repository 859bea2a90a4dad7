"""Forgery protection for forms on kept pages, which cannot carry anybody's token.

For strangers a form without a token counts when the browser itself says that one of our own pages
sent it: by Sec-Fetch-Site, which no page can set or remove, or by Origin (OWASP, "Cross-Site
Request Forgery Prevention", section on Fetch Metadata). Whoever is signed in needs the token too.
"""

from __future__ import annotations

from flask import current_app, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf

from marketplace.core.web.guards import signed_in


class OwnPagesProtect(CSRFProtect):
    """CSRFProtect that lets strangers' forms from our own pages pass without a token."""

    def protect(self, apply_exemptions: bool = False) -> None:
        """Raises CSRFError for what may have been sent by another site."""
        asks = request.method in current_app.config["WTF_CSRF_METHODS"]
        if asks and sent_by_own_page() and not signed_in() and self._get_csrf_token() is None:
            g.csrf_valid = True  # as the library does, so that forms do not ask again
            return
        try:
            super().protect(apply_exemptions)
        except CSRFError:
            # An old browser that says neither: with a session of its own it is shown pages that
            # are not kept, whose forms have a token.
            generate_csrf()
            raise


def sent_by_own_page() -> bool:
    """True when the browser vouches that a page of this site sent the request."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("Origin") == request.host_url.rstrip("/")
