"""What is printed when the stack is up: where to click, and as whom."""

from __future__ import annotations

from demo.people import DEMO_ACCOUNTS, DEMO_PASSWORD
from local.stack import Stack

RULE = "─" * 66


def panel(stack: Stack, seconds: float) -> str:
    """The panel as text; `seconds` is how long the start took."""
    places = {
        "The site": stack.choices.site,
        "Caught mail": stack.addresses.mail,
        "Stripe emulator": stack.addresses.stripe_api,
    }
    lines = ["", RULE, f"  Bracket is up, after {seconds:.1f} s", ""]
    lines += [f"  {name:<17}{address}" for name, address in places.items()]
    if stack.choices.demo:
        lines += ["", f"  Demo accounts, all with the password {DEMO_PASSWORD}"]
        lines += [f"  {role:<17}{address}" for role, address in DEMO_ACCOUNTS]
        lines += ["", "  Demo listings are made by the real pipeline and arrive for some minutes."]
    lines += ["", "  Ctrl-C stops everything; the next `make up` continues here.", RULE, ""]
    return "\n".join(lines)
