"""A person's own page; the rest below /account belongs to Flask-Security."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.accounts import operations
from marketplace.accounts.forms import NameForm
from marketplace.core.web.guards import login_required, public

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.route("/", methods=["GET", "POST"])
@login_required
def index() -> ResponseReturnValue:
    """Name, address, password, selling."""
    form = NameForm(obj=current_user)
    if form.validate_on_submit():
        operations.change_display_name(current_user, form.display_name.data or "")
        flash("Your name is changed.", "success")
        return redirect(url_for("account.index"))
    status = 422 if form.is_submitted() else 200
    return render_template("accounts/index.html", form=form), status


@blueprint.route("/check-mail")
@public
def check_mail() -> ResponseReturnValue:
    """Where people land after signing up: says to look into their mailbox."""
    return render_template("accounts/check_mail.html")
