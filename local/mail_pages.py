"""The mail catcher's web pages: the list, one mail, and the same as JSON."""

from __future__ import annotations

import html
import json
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from local.mail_store import LINK, Mail, MailStore
from local.ports import HOST

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: #1a5fb4; --quiet: #6b6b6b; }
@media (prefers-color-scheme: dark) { :root { --link: #8ab8ff; --quiet: #a0a0a0; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 52rem;
       padding: 1.5rem 1rem; }
h1 { font-size: 1.35rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
a { color: var(--link); }
ol { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
li a { display: block; padding: .7rem .4rem; border-bottom: 1px solid var(--line);
       text-decoration: none; color: inherit; }
li a:hover, li a:focus-visible { background: var(--soft); }
li strong { display: block; overflow-wrap: anywhere; }
small, dl { color: var(--quiet); } dl { margin: 0 0 1rem; }
dt, dd { display: inline; margin: 0; } dd::after { content: ""; display: block; }
pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem;
      background: var(--soft); border-radius: .5rem; }
iframe { width: 100%; height: 32rem; border: 1px solid var(--line); border-radius: .5rem;
         background: #fff; }
"""
# Mails are strangers' words: no script runs, on these pages or in a mail's HTML part.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def page(title: str, body: str, *, reload: bool = False) -> str:
    """A whole HTML page; `reload` looks for new mail every few seconds."""
    refresh = '<meta http-equiv="refresh" content="5">' if reload else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{refresh}<title>{html.escape(title)}</title><style>{STYLE}</style><body>{body}</body></html>"
    )


def list_page(mails: list[Mail]) -> str:
    """All caught mails, newest first."""
    rows = "".join(
        f'<li><a href="/mails/{mail.id}"><strong>{html.escape(mail.subject)}</strong>'
        f"<small>to {html.escape(', '.join(mail.recipients))} · {mail.received:%H:%M:%S, %d %B} UTC"
        "</small></a></li>"
        for mail in mails
    )
    empty = "<p>No mail yet. Whatever Bracket sends on this machine lands here.</p>"
    body = f"<ol>{rows}</ol>" if rows else empty
    return page("Caught mail", f"<h1>Caught mail</h1>{body}", reload=True)


def mail_page(mail: Mail) -> str:
    """One mail: envelope, text with clickable links, and the HTML part in a locked frame."""
    envelope = {
        "From": mail.sender,
        "To": ", ".join(mail.recipients),
        "Received": f"{mail.received:%H:%M:%S, %d %B %Y} UTC",
    }
    facts = "".join(f"<dt>{k}: </dt><dd>{html.escape(v)}</dd>" for k, v in envelope.items())
    frame = ""
    if mail.html:
        inner = html.escape(f'<base target="_blank">{mail.html}')
        # allow-popups: links open in a tab of their own, free of the frame's limits.
        allowed = "allow-popups allow-popups-to-escape-sandbox"
        frame = f'<iframe title="HTML part" sandbox="{allowed}" srcdoc="{inner}"></iframe>'
    text = f"<pre>{linked(mail.text)}</pre>" if mail.text else ""
    title = html.escape(mail.subject)
    return page(
        mail.subject,
        f'<p><a href="/">All mail</a></p><h1>{title}</h1><dl>{facts}</dl>{text}{frame}',
    )


def linked(text: str) -> str:
    """Text as HTML, its web addresses clickable."""
    pieces, end = [], 0
    for found in LINK.finditer(text):
        address = re.sub(r"[.,;:!?)\]]+$", "", found.group())
        pieces.append(html.escape(text[end : found.start()]))
        pieces.append(f'<a href="{html.escape(address)}">{html.escape(address)}</a>')
        end = found.start() + len(address)
    return "".join(pieces) + html.escape(text[end:])


def as_json(mail: Mail) -> dict[str, object]:
    """A mail for programs (the browser tests read their confirmation links here)."""
    return {
        "id": mail.id,
        "received": mail.received.isoformat(),
        "from": mail.sender,
        "to": mail.recipients,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "links": mail.links,
    }


class Pages(BaseHTTPRequestHandler):
    """GET / · /mails/<id> · /api/mails[?to=address] · /healthz"""

    store: MailStore

    def do_GET(self) -> None:
        """Answer one request."""
        # A page elsewhere could point its own name at this address; it may not read the mail.
        if (self.headers.get("Host") or "").rsplit(":", 1)[0] not in {HOST, "localhost"}:
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", "loopback names only\n")
            return
        address = urlsplit(self.path)
        if address.path == "/":
            self._answer(HTTPStatus.OK, "text/html", list_page(self.store.newest()))
        elif address.path == "/api/mails":
            found = json.dumps([as_json(mail) for mail in self.store.newest()])
            self._answer(HTTPStatus.OK, "application/json", found)
        elif address.path == "/healthz":
            self._answer(HTTPStatus.OK, "text/plain", "ok\n")
        elif mail := self.store.get(address.path.removeprefix("/mails/")):
            self._answer(HTTPStatus.OK, "text/html", mail_page(mail))
        else:
            missing = page("Not found", '<h1>No such mail</h1><p><a href="/">All mail</a></p>')
            self._answer(HTTPStatus.NOT_FOUND, "text/html", missing)

    def _answer(self, status: HTTPStatus, kind: str, body: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the page reloads itself, which would fill the log."""


def serve_pages(store: MailStore, port: int) -> ThreadingHTTPServer:
    """A server of the pages on loopback; the caller runs serve_forever."""
    handler = type("BoundPages", (Pages,), {"store": store})
    return ThreadingHTTPServer((HOST, port), handler)
