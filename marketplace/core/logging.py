"""Log lines for people and machines, with anything secret cut out at the last moment."""

from __future__ import annotations

import logging
import re

_SECRETS = re.compile(
    r"(sk|rk)_(live|test)_[A-Za-z0-9]+|whsec_[A-Za-z0-9]+|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?<=/confirm/)[\w.\-]+|(?<=/reset/)[\w.\-]+"
)


class _Redacting(logging.Filter):
    """Cuts keys, passwords in addresses and mail tokens out of every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        cut = _SECRETS.sub("[cut]", message)
        if cut != message:
            record.msg, record.args = cut, None
        return True


def set_up_logging(level: int = logging.INFO) -> None:
    """Send records of this level and above to standard error, redacted, one line each."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname).1s %(name)s %(message)s"))
    handler.addFilter(_Redacting())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These libraries log whole requests or SQL at INFO and DEBUG.
    for name in ("stripe", "botocore", "boto3", "urllib3", "sqlalchemy.engine", "PIL", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
