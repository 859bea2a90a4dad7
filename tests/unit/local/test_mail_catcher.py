"""The mail catcher over real SMTP and HTTP, and what it does with hostile mail."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from local.mail_catcher import MailCatcher
from local.mail_pages import linked
from local.ports import free_port


class Catcher:
    """A running catcher and the ways to reach it."""

    def __init__(self, folder: Path) -> None:
        self.smtp_port, self.page_port = free_port(), free_port()
        self.servers = MailCatcher(folder, self.smtp_port, self.page_port)

    def send(self, subject: str, text: str, html: str = "") -> None:
        message = EmailMessage()
        message["From"], message["To"] = "hello@bracket.example", "ana@example.com"
        message["Subject"] = subject
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=60) as client:
            client.send_message(message)

    def get(self, path: str, host: str = "127.0.0.1") -> str:
        request = Request(f"http://127.0.0.1:{self.page_port}{path}", headers={"Host": host})
        with urlopen(request, timeout=60) as response:
            return str(response.read().decode())

    def mails(self) -> list[dict[str, object]]:
        return list(json.loads(self.get("/api/mails")))


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[Catcher]:
    running = Catcher(tmp_path / "mail")
    running.servers.start()
    yield running
    running.servers.stop()


def test_round_trip_with_a_clickable_link(catcher: Catcher) -> None:
    link = "http://127.0.0.1:8000/account/confirm/abc?x=1&y=2"
    catcher.send("Bestätigen Sie", f"Click {link}.\nThank you — Bracket")
    [mail] = catcher.mails()
    assert mail["subject"] == "Bestätigen Sie"
    assert mail["to"] == ["ana@example.com"]
    assert mail["from"] == "hello@bracket.example"
    assert "Thank you — Bracket" in str(mail["text"])
    page = catcher.get(f"/mails/{mail['id']}")
    assert f'<a href="{link.replace("&", "&amp;")}">' in page


def test_newest_first_and_kept_over_a_restart(catcher: Catcher, tmp_path: Path) -> None:
    catcher.send("first", "one")
    catcher.send("second", "two")
    page = catcher.get("/")
    assert page.index("second") < page.index("first")

    again = Catcher(tmp_path / "mail")
    again.servers.start()
    try:
        assert [mail["subject"] for mail in again.mails()] == ["second", "first"]
    finally:
        again.servers.stop()


def test_a_mail_cannot_write_into_the_page(catcher: Catcher) -> None:
    attack = '<script>alert("x")</script>'
    catcher.send(attack, attack, html=f'"></iframe>{attack}')
    [mail] = catcher.mails()
    for path in ("/", f"/mails/{mail['id']}"):
        assert "<script" not in catcher.get(path)


@pytest.mark.parametrize("path", ["/mails/nothing", "/mails/../secrets.json", "/other"])
def test_unknown_addresses_are_not_found(catcher: Catcher, path: str) -> None:
    with pytest.raises(HTTPError, match="404") as caught:
        catcher.get(path)
    caught.value.close()


def test_other_host_names_are_refused(catcher: Catcher) -> None:
    with pytest.raises(HTTPError, match="403") as caught:
        catcher.get("/api/mails", host="evil.example")
    caught.value.close()


def test_links_end_before_punctuation() -> None:
    assert linked("see http://a.example/b. <now>") == (
        'see <a href="http://a.example/b">http://a.example/b</a>. &lt;now&gt;'
    )
