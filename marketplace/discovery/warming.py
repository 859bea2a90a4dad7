"""What the first visitor of a new web process would wait for, done before it takes any."""

from __future__ import annotations

import logging
import time
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.discovery.queries import latest
from marketplace.policy import Submission, check

log = logging.getLogger(__name__)
QUERY = "lighthouse at night"
AGENT = "Bracket-Warming/1"
"""No browser: what is asked for here is nobody's look at a page."""


def warm_up(app: Flask) -> None:
    """Make the pages that strangers ask for most, once: templates are compiled, statements built,
    the sentence encoder is loaded, the counts of facets and the policy's lists are read.

    A process that cannot (its database is not there yet) starts all the same, only cold.
    """
    services: Services = app.extensions["bracket"]
    began = time.monotonic()
    try:
        with unit_of_work(services.database) as session:
            shown = [f"/p/{item.path}" for item in latest(session, 1)]
    except SQLAlchemyError as error:
        log.warning("starts cold, without its database: %s", type(error).__name__)
        return
    search = urlencode({"q": QUERY})
    client = app.test_client(use_cookies=False)
    paths = ["/", "/browse", f"/search?{search}", f"/search/suggestions.json?{search}", *shown]
    for path in paths:
        # An error is logged where errors are; whoever asks for that page next will see it too.
        client.get(path, base_url=services.settings.public_url, headers={"User-Agent": AGENT})
    # The first seller who types would hold everybody up for as long as the lists of names take.
    check(Submission(template=QUERY))
    log.info("warm after %.1f s", time.monotonic() - began)
