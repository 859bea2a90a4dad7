"""The draft's form as the wizard uses it: filled with what is typed, and asked what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms.form import BaseForm

from marketplace.listings.forms import DraftForm
from marketplace.listings.models import Category, TargetModel


class WizardForm(DraftForm):
    """All inputs of all steps. The page's own form carries the token, so this one has none."""

    class Meta:
        csrf = False

        def get_translations(self, form: BaseForm) -> None:
            """None: the messages are ours; and drafts are judged outside of requests too."""

    def __init__(
        self, categories: list[Category], models: list[TargetModel], **options: Any
    ) -> None:
        super().__init__(categories, models, formdata=None, **options)

    def filled(self, typed: Mapping[str, str]) -> WizardForm:
        """The same form with what is typed, ready to be shown or asked."""
        known = {name: text for name, text in typed.items() if name in self}
        self.process(formdata=MultiDict(known))
        return self

    def problems(self) -> dict[str, list[str]]:
        """What is not acceptable yet, by input, in the page's own words."""
        self.validate()
        return {
            str(name): [str(message) for message in messages]
            for name, messages in self.errors.items()
            if name
        }
