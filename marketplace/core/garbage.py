"""How a web process collects garbage."""

from __future__ import annotations

import gc


def set_loaded_aside() -> None:
    """Never look through what has been loaded by now: it stays for ever.

    To look through it again and again would stop a page for a quarter of a second now and then.
    The young are looked through in small lots, a few milliseconds each, and what has outlived many
    of them seldom.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 5, 1_000)
