"""What is printed when the stack is up: where to click, and as whom."""

from __future__ import annotations

from local.stack import Stack

RULE = "─" * 66
# The accounts that `flask demo load` makes; tests hold the two lists together.
DEMO_PASSWORD = "open-bracket-26"  # public on purpose: it opens play money on loopback only
DEMO_ACCOUNTS = {
    "Seller": "seller@bracket.example",
    "Buyer": "buyer@bracket.example",
    "Moderator": "moderator@bracket.example",
}


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
        lines += [f"  {role:<17}{address}" for role, address in DEMO_ACCOUNTS.items()]
        lines += ["", "  Demo listings are made by the real pipeline and arrive for some minutes."]
    lines += ["", "  Ctrl-C stops everything; the next `make up` continues here.", RULE, ""]
    return "\n".join(lines)
