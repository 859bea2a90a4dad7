"""Forms of the desk."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from marketplace.moderation.decisions.operations import Ruling
from marketplace.moderation.recommendation import Recommendation
from marketplace.moderation.rules import MAX_NOTE
from marketplace.moderation.states import REASON_TEXTS, DecisionKind, Limit, ReasonCode
from marketplace.policy.codes import code_of

NAMES = {code: code_of(code.value).name for code in ReasonCode}
TEXTS = {code.value: text for code, text in REASON_TEXTS.items()}


class DecisionForm(FlaskForm):
    """One form for every decision; the button that is pressed says which."""

    code = RadioField(
        "Reason",
        choices=[SelectChoice(code.value, NAMES[code]) for code in ReasonCode],
        # Radios of one group are all optional to the browser; a rejection insists in the view.
        validate_choice=False,
        validators=[Optional()],
    )
    note = TextAreaField(
        "Note",
        description="Added to the reason’s own text: the seller reads it.",
        validators=[Optional(), Length(max=MAX_NOTE, message="Shorten the note, please.")],
        filters=[lambda text: (text or "").replace("\x00", "").strip()],
    )
    override = BooleanField("Approve against the report, as my named override")
    limits = SelectMultipleField(
        "Limits", choices=[SelectChoice(limit.value, limit.label) for limit in Limit]
    )
    findings = SelectMultipleField("Findings", validate_choice=False)
    banned = SelectMultipleField("Ban the pictures", validate_choice=False)

    def ruling(self, kind: DecisionKind, advice: Recommendation) -> Ruling | None:
        """What the moderator wants; None when a reason is missing. Call after validation."""
        code = self.code.data if kind.turns_away else None
        if kind.turns_away and code not in {one.value for one in ReasonCode}:
            self.code.errors = [*self.code.errors, "Choose the reason that fits best."]
            return None
        return Ruling(
            kind=kind,
            code=ReasonCode(code) if code else None,
            note=self.note.data or "",
            override=self.override.data,
            limits=tuple(Limit(one) for one in self.limits.data or ()),
            finding_ids=tuple(self.findings.data or ()),
            banned_samples=tuple(self.banned.data or ()) if kind is DecisionKind.REJECT else (),
            advice=advice,
        )
