"""The terms of instant delivery that buyers accept. Versions are kept: orders refer to them."""

from __future__ import annotations

from dataclasses import dataclass

TERMS_VERSION = "2026-11-21"
"""What an order that is opened today refers to. A change of words is a new version."""


@dataclass(frozen=True)
class Terms:
    """One version, paragraph by paragraph."""

    version: str
    paragraphs: tuple[str, ...]


_FIRST = Terms(
    "2026-11-21",
    (
        "Prompts are digital content. They are delivered in your library the moment your payment "
        "has arrived; nothing is sent by post.",
        "You ask us to deliver at once, before the end of any period in which you could withdraw "
        "from the purchase. You know that you lose the right to withdraw once the prompt can be "
        "opened, where the law of your country gives you one.",
        "That takes nothing away from you when something is wrong. If a prompt does not do what "
        "its page says, does not work, or was bought by mistake, ask for your money back on your "
        "order's page and say why. If a prompt fails when we verify it again, you get the money "
        "back as soon as you ask.",
        "What you buy is yours to use in making pictures. You may not publish the prompt's text "
        "or sell it on. When the money for it goes back to you, the right to use it ends.",
    ),
)
VERSIONS = {terms.version: terms for terms in (_FIRST,)}
