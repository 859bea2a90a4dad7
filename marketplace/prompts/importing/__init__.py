"""Prompts written for other tools, turned into templates: variables converted, the rest explained.

Nothing is guessed: where a bracket may mean two things, the seller is asked.
"""

from marketplace.prompts.importing.convert import import_template
from marketplace.prompts.importing.notes import Imported, Note, NoteKind, Question

__all__ = ["Imported", "Note", "NoteKind", "Question", "import_template"]
