"""`python -m local.stripe`: run the emulator until INT or TERM."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from local.stripe.config import EmulatorConfig, UnsafeConfiguration, parse_endpoint
from local.stripe.server import Emulator

log = logging.getLogger("stripe")


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, serve, and return the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    if os.environ.get("BRACKET_ENV") == "production":
        return _refuse("BRACKET_ENV is production: the emulator would pretend that money moved.")
    try:
        platform = [
            parse_endpoint(text, f"platform-{i}", connect=False)
            for i, text in enumerate(options.webhook)
        ]
        connect = [
            parse_endpoint(text, f"connect-{i}", connect=True)
            for i, text in enumerate(options.connect_webhook)
        ]
        thin = [
            parse_endpoint(text, f"thin-{i}", connect=False, thin=True)
            for i, text in enumerate(options.thin_webhook)
        ]
        config = EmulatorConfig(
            state_dir=options.state,
            api_key=options.api_key,
            host=options.host,
            port=options.port,
            endpoints=(*platform, *connect, *thin),
            public_base=options.public_base,
            merchant=options.merchant,
            seed=options.seed,
        )
    except UnsafeConfiguration as problem:
        return _refuse(str(problem))
    return _serve(config)


def _serve(config: EmulatorConfig) -> int:
    emulator = Emulator(config)
    try:
        emulator.start()
    except OSError as problem:
        emulator.stop()
        return _refuse(f"cannot listen on {config.host}:{config.port}: {problem.strerror}")
    except SystemExit:  # werkzeug's way of saying that the port is taken, after printing so
        emulator.stop()
        return _refuse(f"cannot listen on {config.host}:{config.port}: it is in use.")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    log.info("Stripe emulator on %s (no money moves here)", emulator.base_url)
    stop.wait()
    emulator.stop()
    return 0


def _refuse(reason: str) -> int:
    print(f"The Stripe emulator will not start: {reason}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.stripe", description="A local stand-in for Stripe. No money moves."
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="folder for the database")
    parser.add_argument("--api-key", required=True, help="the only key accepted: sk_test_…")
    parser.add_argument("--webhook", action="append", default=[], metavar="URL=SECRET")
    parser.add_argument("--connect-webhook", action="append", default=[], metavar="URL=SECRET")
    parser.add_argument("--thin-webhook", action="append", default=[], metavar="URL=SECRET")
    parser.add_argument("--seed", type=int, help="make ids and faults repeatable")
    parser.add_argument("--public-base", default="", help="the address browsers use, if different")
    parser.add_argument("--merchant", default="Bracket", help="the name on the checkout page")
    return parser


if __name__ == "__main__":
    sys.exit(main())
