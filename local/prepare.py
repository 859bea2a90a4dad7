"""Brings the database up to date before anything serves: migrations, then the catalogue.

The same two commands an operator runs by hand, in one process: loading the application is the
slow part of each.
"""

from __future__ import annotations

from app import app

COMMANDS = (("db", "upgrade"), ("catalogue", "load"))


def main() -> None:
    """Run the commands in order; the first failure ends the step."""
    for command in COMMANDS:
        with app.app_context():
            app.cli.main(list(command), prog_name="flask", standalone_mode=False)


if __name__ == "__main__":
    main()
