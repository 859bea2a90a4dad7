"""The hosted pages: checkout, 3-D Secure, onboarding, and the seller's small dashboard."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from local.stripe import accounts, balance, checkout, onboarding, payouts, tax
from local.stripe.account_views import iso, transfers_status
from local.stripe.cards import TEST_CARDS, WALLETS, read_card
from local.stripe.errors import StripeError
from local.stripe.money import dollars
from local.stripe.new_session import check_email
from local.stripe.store import Body
from local.stripe.world import World

_COUNTRIES = {
    "US": "United States",
    "CA": "Canada",
    "DE": "Germany",
    "FR": "France",
    "GB": "United Kingdom",
    "BR": "Brazil",
    "JP": "Japan",
}
Page = str | Response | AnyResponse | tuple[str, int]


def blueprint(world: World) -> Blueprint:
    """All hosted pages over one world."""
    pages = Blueprint("pages", __name__)
    pages.add_app_template_filter(dollars, "money")
    pages.add_app_template_filter(lambda moment: iso(moment)[:10], "day")
    pages.app_context_processor(lambda: {"merchant": world.config.merchant})
    _checkout_pages(pages, world)
    _challenge_pages(pages, world)
    _seller_pages(pages, world)
    return pages


def _checkout_pages(pages: Blueprint, world: World) -> None:
    @pages.get("/c/pay/<session_id>")
    def show_checkout(session_id: str) -> Page:
        session = _session(world, session_id)
        if session["status"] != "open":
            return _closed(session)
        return _checkout_page(world, session, {}, {})

    @pages.post("/c/pay/<session_id>/address")
    def give_address(session_id: str) -> Page:
        """Where the buyer is comes first, since the total depends on it."""
        session = _session(world, session_id)
        if session["status"] != "open":
            return _closed(session)
        form = request.form.to_dict()
        address, errors = _read_address(form)
        if errors:
            return _checkout_page(world, session, form, errors), 422
        checkout.give_address(world, session_id, address)
        return redirect(f"/c/pay/{session_id}", 303)

    @pages.post("/c/pay/<session_id>")
    def pay(session_id: str) -> Page:
        session = _session(world, session_id)
        if session["status"] != "open":
            return _closed(session)
        form = request.form.to_dict()
        wallet = WALLETS.get(form.get("pay", ""))
        card, errors = (wallet, {}) if wallet else read_card(form)
        email = session["customer_email"] or form.get("email", "").strip()
        try:
            # The simulated wallet brings the buyer's address with it.
            check_email(email or ("buyer@example.com" if wallet else ""), "email")
        except StripeError:
            errors["email"] = "Enter an e-mail address like name@example.com."
        if _terms_asked(session) and form.get("terms") != "accepted":
            errors["terms"] = "Tick the box to go on."
        address = None
        if "country" in form:
            address, wrong = _read_address(form)
            errors |= wrong
        if card is None or errors:
            if not wallet:
                # They are not sent back, so the buyer should know why the fields are empty.
                errors.setdefault("number", "Type the card number again; it is not kept.")
                errors.setdefault("cvc", "Type the security code again.")
            return _checkout_page(world, session, form, errors), 422
        attempt = checkout.pay(world, session_id, card, email or "buyer@example.com", address)
        if attempt.result == "challenge":
            return redirect(f"/c/pay/{session_id}/3ds", 303)
        return _after(world, session_id, attempt, form)


def _terms_asked(session: Body) -> bool:
    return (session["consent_collection"] or {}).get("terms_of_service") == "required"


def _read_address(form: dict[str, str]) -> tuple[Body, dict[str, str]]:
    """Country and post code, and one message per field that is wrong."""
    country, code = form.get("country", "").strip().upper(), form.get("postal_code", "").strip()
    errors = {}
    if not re.fullmatch("[A-Z]{2}", country):
        errors["country"] = "Choose a country."
    if not 3 <= len(code) <= 12:
        errors["postal_code"] = "Enter a postal code; an invented one will do."
    return {"country": country, "postal_code": code}, errors


def _challenge_pages(pages: Blueprint, world: World) -> None:
    @pages.get("/c/pay/<session_id>/3ds")
    def show_challenge(session_id: str) -> Page:
        session = _session(world, session_id)
        if session["status"] != "open":
            return _closed(session)
        if not checkout.challenged(world, session_id):
            return redirect(f"/c/pay/{session_id}", 303)
        return render_template("challenge.html", session=session)

    @pages.post("/c/pay/<session_id>/3ds")
    def answer_challenge(session_id: str) -> Page:
        _session(world, session_id)
        passed = request.form.get("outcome") == "complete"
        attempt = checkout.answer_challenge(world, session_id, passed=passed)
        return _after(world, session_id, attempt, {})


def _after(world: World, session_id: str, attempt: checkout.Attempt, form: dict[str, str]) -> Page:
    """Where an attempt leads: back to the shop, or back to the form with the reason."""
    session = _session(world, session_id)
    if attempt.result == "paid":
        return redirect(_success_url(session), 303)
    if attempt.result == "closed":
        return _closed(session) if session["status"] != "open" else redirect(session["url"], 303)
    return _checkout_page(world, session, form, {"declined": attempt.message}), 402


def _success_url(session: Body) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _session(world: World, session_id: str) -> Body:
    try:
        return checkout.current(world, session_id)
    except StripeError:
        abort(404)


def _closed(session: Body) -> Page:
    paid = session["status"] == "complete"
    link = _success_url(session) if paid else session["cancel_url"]
    page = render_template("closed.html", session=session, paid=paid, link=link)
    return page, 200 if paid else 410


def _checkout_page(
    world: World, session: Body, form: dict[str, str], errors: dict[str, Any]
) -> str:
    private = world.store.private(session["id"])
    items = private["line_items"]
    located = session["automatic_tax"]["enabled"] or (
        session["billing_address_collection"] == "required"
    )
    products = {
        item["price"]["product"]: world.store.find(item["price"]["product"]) for item in items
    }
    # The card's number and code are never sent back to the browser.
    kept = {name: form.get(name, "") for name in ("exp", "name", "email", "postal_code")}
    return render_template(
        "checkout.html",
        session=session,
        items=items,
        products=products,
        form=kept | {"country": form.get("country", "US")},
        errors=errors,
        cards=TEST_CARDS,
        countries=_COUNTRIES,
        address=private.get("address"),
        asks_address=located and not private.get("address"),
        tax_per_cent=tax.PER_CENT,
        terms_asked=_terms_asked(session),
    )


def _setup_page(account: Body, form: dict[str, str], errors: dict[str, str]) -> str:
    answers = {name: form.get(name, invented) for name, (_, invented) in onboarding.FIELDS.items()}
    return render_template(
        "setup.html",
        account=account,
        status=transfers_status(account),
        fields=onboarding.FIELDS,
        answers=answers,
        errors=errors,
        banks=payouts.TEST_BANKS,
    )


def _seller_pages(pages: Blueprint, world: World) -> None:
    @pages.get("/setup/<token>")
    def show_setup(token: str) -> Page:
        opened = onboarding.open_link(world, token)
        if opened is None:
            abort(404)
        if not opened.alive:
            return redirect(opened.urls["refresh_url"], 303)
        return _setup_page(opened.account, {}, {})

    @pages.post("/setup/<token>")
    def answer_setup(token: str) -> Page:
        form = request.form.to_dict()
        later = form.get("activate") == "later"
        opened = onboarding.open_link(world, token)
        errors = {} if later else onboarding.check_answers(form)
        if opened is not None and opened.alive and errors:
            return _setup_page(opened.account, form, errors), 422
        opened = onboarding.leave(world, token) if later else onboarding.submit(world, token, form)
        if opened is None:
            abort(404)
        if not opened.alive:
            return redirect(opened.urls["refresh_url"], 303)
        if "return_url" in opened.urls:
            return redirect(opened.urls["return_url"], 303)
        return _setup_page(accounts.account(world, opened.account["id"]), form, {})

    @pages.get("/express/<token>")
    def show_express(token: str) -> Page:
        login = world.store.find(token, "emulator.login")
        if login is None:
            abort(404)
        account = world.store.find(login["account"], "v2.core.account")
        if account is None:
            abort(404)
        transfers = world.store.matching("transfer", "destination", account["id"], limit=50)
        return render_template(
            "express.html",
            account=account,
            status=transfers_status(account),
            sums=balance.totals(world, account["id"]),
            transfers=transfers,
            payouts=world.store.all_of("payout", "account = ?", account["id"], limit=50),
            schedule=payouts.schedule_of(world, account["id"]),
            bank=payouts.bank_of(world, account["id"]),
        )
