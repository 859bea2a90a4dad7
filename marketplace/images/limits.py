"""How big an upload may be, in bytes and in pixels."""

MAX_BYTES = 15 * 1000 * 1000
MAX_PIXELS = 40_000_000
MIN_SIDE = 64
# WebP ends at 16,383 pixels a side, and derivatives of a narrow picture keep its height.
MAX_SIDE = 16_000
