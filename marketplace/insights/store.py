"""The page where sellers set up their own: name, a few words, links."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from marketplace.accounts.forms import printable
from marketplace.accounts.shops import MAX_BIO, MAX_LINKS, describe_shop, read_links
from marketplace.core.errors import InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.task_queue import enqueue
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, services
from marketplace.insights.dashboard_views import own_profile
from marketplace.policy import Severity, Submission, check
from marketplace.task_names import TaskName

UNFIT = frozenset({"OFFENSIVE", "SEXUAL", "MINOR_SAFETY"})
"""Reason codes that keep words off a seller's page: no moderator reads them before."""


def _lines(text: str | None) -> str:
    """Line ends as they are counted, without what nobody sees at the end."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()


class StoreForm(FlaskForm):
    """What a seller's page says."""

    display_name = StringField(
        "Shop name",
        description="Shown beside your prompts.",
        validators=[
            DataRequired("Give your shop a name."),
            Length(max=60, message="At most 60 characters, please."),
            printable,
        ],
        filters=[lambda text: " ".join(text.split()) if text else text],
    )
    bio = TextAreaField(
        "About your shop",
        description="What you make, and for whom. Plain text.",
        validators=[Length(max=MAX_BIO, message=f"At most {MAX_BIO} characters, please.")],
        filters=[_lines],
    )
    links = TextAreaField(
        "Links",
        description=f"Where else you are to be found: one address a line, at most {MAX_LINKS}.",
        filters=[_lines],
    )


class _Deaf:
    """Says nothing of tone: that model belongs to the workers."""

    def offensive(self, texts: Sequence[str]) -> list[float]:
        """Nought for each text."""
        return [0.0] * len(texts)


@requires(Permission.SELL_LISTINGS_WRITE)
def store() -> ResponseReturnValue:
    """Show the form, or keep what it says."""
    profile = own_profile()
    form = StoreForm(
        data={
            "display_name": profile.display_name,
            "bio": profile.bio,
            "links": "\n".join(profile.links),
        }
    )
    if form.validate_on_submit():
        try:
            links = read_links(form.links.data or "")
        except InvalidError as error:
            form.links.errors = [error.message]
        else:
            name, bio = form.display_name.data or "", form.bio.data or ""
            problems = unfit(name, bio)
            if not problems:
                describe_shop(profile, name, bio, links)
                enqueue(db(), services().queue, TaskName.UPDATE_SEARCH)
                flash("Your page says so now.", "success")
                return redirect(url_for("insights.store"), 303)
            for field, problem in problems.items():
                form[field].errors = [problem]
    page = render_template("insights/store.html", form=form, profile=profile, most=MAX_BIO)
    return page, 422 if form.errors else 200


def unfit(name: str, bio: str) -> dict[str, str]:
    """What of the words may not be shown, by field, with how to mend it."""
    # A template has to be there; nothing that is said of it is asked for.
    findings = check(Submission(template="picture", title=name, description=bio), _Deaf())
    return {
        "display_name" if one.field == "title" else "bio": f"{one.explanation} {one.fix}"
        for one in findings
        if one.code in UNFIT
        and one.severity is Severity.HARD
        and one.field in ("title", "description")
    }
