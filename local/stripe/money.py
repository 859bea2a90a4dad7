"""Amounts in sentences."""

from __future__ import annotations


def dollars(cents: int, currency: str = "usd") -> str:
    """`$1,234.50` from cents; the emulator knows dollars only."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) / 100:,.2f}" if currency == "usd" else f"{cents} {currency}"
