"""The mail catcher: an SMTP server that delivers to a folder, and a page to read it.

python -m local.mail_catcher --smtp-port 2525 --page-port 2580 --folder var/mail
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from local.mail_pages import serve_pages
from local.mail_store import MailStore
from local.ports import HOST

LARGEST_MAIL = 10 * 1024 * 1024


class Catch:
    """aiosmtpd's handler: accept every mail, keep it."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Store one mail. The log gets the fact, not the addresses or the subject."""
        content = envelope.content or b""
        data = content.encode() if isinstance(content, str) else content
        self._store.add(envelope.mail_from or "", envelope.rcpt_tos, data)
        print("caught a mail", flush=True)
        return "250 Kept"


class MailCatcher:
    """Both servers in threads of this process."""

    def __init__(self, folder: Path, smtp_port: int, page_port: int) -> None:
        store = MailStore(folder)
        self._smtp = Controller(
            Catch(store), hostname=HOST, port=smtp_port, data_size_limit=LARGEST_MAIL,
            server_hostname="localhost", ident="Bracket mail catcher",
        )  # fmt: skip
        self._pages = serve_pages(store, page_port)
        self._pages_thread = threading.Thread(target=self._pages.serve_forever, daemon=True)

    def start(self) -> None:
        """Listen on both ports. Raises OSError when one is taken."""
        self._smtp.start()
        self._pages_thread.start()

    def stop(self) -> None:
        """Stop listening; mails in flight are finished."""
        self._pages.shutdown()
        self._pages.server_close()
        self._smtp.stop()


def main(arguments: list[str] | None = None) -> None:
    """Run until INT or TERM."""
    parser = argparse.ArgumentParser(prog="python -m local.mail_catcher", description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--page-port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args(arguments)
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        catcher = MailCatcher(options.folder, options.smtp_port, options.page_port)
        catcher.start()
    except OSError as error:
        sys.exit(f"The mail catcher could not listen: {error}")
    print(f"mail page on http://{HOST}:{options.page_port}", flush=True)
    ended.wait()
    catcher.stop()


if __name__ == "__main__":
    main()
