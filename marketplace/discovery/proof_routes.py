"""The public report as a page and as a signed file, the keys and what explains them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.core.canonical import canonical
from marketplace.core.errors import NotFoundError
from marketplace.core.web.guards import login_required, public
from marketplace.core.web.request_scope import db, services
from marketplace.discovery.proof_views import proof_view, signed
from marketplace.listings.models import Listing
from marketplace.verification import envelope, proofs, queries
from marketplace.verification.calibration import all_calibrations
from marketplace.verification.presenters import progress_of
from marketplace.verification.proof_models import DocumentKind
from marketplace.verification.report_scale import scale_of

blueprint = Blueprint("proof", __name__)
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "marketplace" / "verification" / "schemas" / "proof-1.json"
PAPERS = frozenset({"verification.md", "proof-json.md"})
"""What of docs/ the reports link to."""
AN_HOUR = "public, max-age=3600"


@blueprint.get("/p/<path>/proof")
@public
def report(path: str) -> Any:
    """The report that anyone may read; ?version= and ?run= name older ones."""
    view = proof_view(db(), path, request.args.get("version", type=int), request.args.get("run"))
    if path != view.listing.path:
        asked: dict[str, Any] = {
            name: request.args[name] for name in ("version", "run") if name in request.args
        }
        return redirect(url_for("proof.report", path=view.listing.path, **asked), 301)
    signer = proofs.signer_of(services().settings)
    return render_template(
        "verification/report.html",
        view=view,
        listing=view.listing,
        version=view.version,
        report=view.report,
        override=view.override,
        document=signed(db(), signer, view),
        sheet=signed(db(), signer, view, DocumentKind.CONSISTENCY),
        scale=scale_of(view.report) if view.report else None,
    )


@blueprint.get("/p/<path>/proof.json")
@public
def report_as_json(path: str) -> Any:
    """The signed file, byte for byte; ?kind= as in proof_views.signed."""
    view = proof_view(db(), path, request.args.get("version", type=int), request.args.get("run"))
    signer = proofs.signer_of(services().settings)
    document = signed(db(), signer, view, request.args.get("kind"))
    if document is None:
        raise NotFoundError("There is no report for this listing.")
    return Response(document.body, mimetype="application/json")


@blueprint.get("/.well-known/bracket-proof-keys.json")
@public
def keys() -> Any:
    """The public keys that reports are signed with, past ones included."""
    current = proofs.signer_of(services().settings).key
    found = proofs.published_keys(db(), current)
    return _lasting(canonical(envelope.key_set(found)), "application/json")


@blueprint.get(envelope.SCHEMA_PATH)
@public
def schema() -> Any:
    """The JSON Schema of the signed document."""
    return _lasting(SCHEMA.read_bytes(), "application/schema+json")


@blueprint.get("/calibrations/<version>.json")
@public
def calibration(version: str) -> Any:
    """The figures behind a calibration that reports cite."""
    record = next((item for item in all_calibrations() if item.version == version), None)
    if record is None:
        raise NotFoundError("This release does not hold that calibration.")
    response = jsonify(record.as_dict())
    response.headers["Cache-Control"] = AN_HOUR
    return response


@blueprint.get("/docs/<name>")
@public
def paper(name: str) -> Any:
    """How verification works, and the signed file's format, as text."""
    if name not in PAPERS:
        raise NotFoundError
    return _lasting((ROOT / "docs" / name).read_bytes(), "text/plain")


@blueprint.get("/sell/<listing_id>/progress.json")
@login_required
def progress(listing_id: str) -> Any:
    """How far the verification of one's own listing is."""
    listing = db().get(Listing, listing_id)
    if listing is None or listing.seller_id != current_user.id:
        raise NotFoundError
    run = queries.run_of(db(), listing.version_id)
    return jsonify(progress_of(db(), run) | {"listing_state": listing.working_state.value})


@blueprint.app_template_global()
def verification_progress(listing: Listing) -> dict[str, Any]:
    """The same numbers as progress.json, for the seller's page without scripts."""
    return progress_of(db(), queries.run_of(db(), listing.version_id))


def _lasting(body: bytes, mimetype: str) -> Response:
    """Something that is the same for everybody and seldom changes."""
    response = Response(body, mimetype=mimetype)
    response.headers["Cache-Control"] = AN_HOUR
    return response
