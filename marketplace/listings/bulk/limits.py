"""How much one bulk upload may hold, how often a line is tried, how long a report is kept."""

from __future__ import annotations

from datetime import timedelta

MAX_ROWS = 500
MAX_PICTURES = 2_000
"""Cells that name one, over all rows."""
MAX_TABLE_BYTES = 5_000_000
MAX_ARCHIVE_BYTES = 250_000_000
MAX_FILES = 3_000
"""Entries of an archive: pictures, and what a computer puts beside them unasked."""
MAX_DEPTH = 12
"""Folders around a file."""
MAX_TOLD = 80
"""Characters of a file's name that a message repeats."""
MAX_TRIES = 3
"""Of one line; each that ends without a word counts, so that no line can stop those behind it."""
PAUSE = timedelta(seconds=20)
"""After a failure of ours; the second one is followed by twice as much."""
RECEIVED_WITHIN = timedelta(hours=1)
"""What was not accepted by then was left by a process that died."""
KEPT_FOR = timedelta(days=90)
"""Reports, after their upload is over."""
