"""Documents as PDF: headings, facts, paragraphs and tables, in a font that knows most names.

Callers hand over plain values; nothing is read from a page, and nothing is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, VAlign, XPos, YPos
from fpdf.fonts import FontFace

FONTS = Path(__file__).with_name("fonts")
FAMILY = "dejavu"
INK, SOFT, LINE = (23, 24, 27), (86, 88, 95), (214, 214, 207)
MARGIN = 18.0  # millimetres, as every length here
TEXT, SMALL, HEADING, TITLE = 9.5, 8.0, 11.5, 20.0  # points
LINE_HEIGHT = 5.0

# Subsetting says at INFO, for each document, which tables of the font it drops.
logging.getLogger("fontTools").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Column:
    """A table's column; widths are shares of the page's."""

    title: str
    width: float = 1.0
    numeric: bool = False


class PdfDocument:
    """An A4 document that grows from top to bottom; long tables repeat their head on each page."""

    def __init__(self, title: str, made_at: datetime, footer: str = "") -> None:
        """Begin with the title in large letters.

        Args:
            title: also the document's title in a reader's window.
            made_at: the document's date: the same contents and date give the same bytes.
            footer: a short line at the foot of each page, before the page's number.
        """
        self._pdf = _Sheet(footer)
        self._pdf.set_title(title)
        self._pdf.set_author("Bracket")
        self._pdf.set_lang("en")
        self._pdf.set_creation_date(made_at)
        self._pdf.add_page()
        self._write(title, TITLE, bold=True, height=9.0)
        self.space(2)

    def heading(self, text: str) -> None:
        """A heading within the document."""
        self.space(4)
        self._write(text, HEADING, bold=True, height=6.0)
        self.space(1)

    def paragraph(self, text: str, soft: bool = False) -> None:
        """A paragraph; ``soft`` for what may be overlooked."""
        self._write(text, SMALL if soft else TEXT, soft=soft)
        self.space(1)

    def space(self, millimetres: float) -> None:
        """Leave some room."""
        self._pdf.ln(millimetres)

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values beside each other."""
        self._pdf.set_font(FAMILY, size=TEXT)
        with self._pdf.table(
            col_widths=(1, 3),
            borders_layout=TableBordersLayout.NONE,
            first_row_as_headings=False,
            line_height=LINE_HEIGHT,
            v_align=VAlign.T,
            padding=(0.4, 2, 0.4, 0),
            text_align=Align.L,
            align=Align.L,
        ) as table:
            for name, value in rows:
                row = table.row()
                row.cell(self._known(name), style=FontFace(color=SOFT))
                row.cell(self._known(value))

    def columns(self, *blocks: tuple[str, Sequence[str]]) -> None:
        """Blocks of lines side by side, each under its own small heading: addresses."""
        self._pdf.set_font(FAMILY, size=TEXT)
        with self._pdf.table(
            borders_layout=TableBordersLayout.NONE,
            first_row_as_headings=False,
            line_height=LINE_HEIGHT,
            v_align=VAlign.T,
            padding=(0.4, 4, 0.4, 0),
            text_align=Align.L,
        ) as table:
            heads, bodies = table.row(), table.row()
            for head, lines in blocks:
                heads.cell(self._known(head), style=FontFace(color=SOFT))
                bodies.cell(self._known("\n".join(lines)))

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[str]],
        totals: Sequence[Sequence[str]] = (),
    ) -> None:
        """A table; ``totals`` are rows in bold at its end."""
        self._pdf.set_font(FAMILY, size=SMALL if len(columns) > 5 else TEXT)
        self._pdf.set_draw_color(*LINE)
        with self._pdf.table(
            col_widths=tuple(column.width for column in columns),
            text_align=tuple(Align.R if column.numeric else Align.L for column in columns),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="", color=SOFT),
            line_height=LINE_HEIGHT,
            v_align=VAlign.T,
            padding=(1.4, 1.5, 1.4, 0.5),
        ) as table:
            table.row([self._known(column.title) for column in columns])
            for cells in rows:
                table.row([self._known(cell) for cell in cells])
            for cells in totals:
                table.row([self._known(cell) for cell in cells], style=FontFace(emphasis="BOLD"))

    def to_bytes(self) -> bytes:
        """The finished document; nothing can be added afterwards."""
        return bytes(self._pdf.output())

    def _write(
        self,
        text: str,
        size: float,
        *,
        bold: bool = False,
        soft: bool = False,
        height: float = LINE_HEIGHT,
    ) -> None:
        self._pdf.set_font(FAMILY, style="B" if bold else "", size=size)
        self._pdf.set_text_color(*(SOFT if soft else INK))
        self._pdf.multi_cell(
            0, height, self._known(text), align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
        self._pdf.set_text_color(*INK)

    def _known(self, text: str) -> str:
        """The text with a box for each character that the font lacks."""
        font = self._pdf.fonts[FAMILY]
        known = getattr(font, "cmap", {})
        return "".join(c if c == "\n" or ord(c) in known else "\u25a1" for c in text)


class _Sheet(FPDF):
    """The page: margins, fonts, and a foot with the page's number."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self.add_font(FAMILY, "", FONTS / "DejaVuSans.ttf")
        self.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold.ttf")
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=22)
        self.set_text_color(*INK)

    def footer(self) -> None:
        """Called by the library at the end of each page."""
        self.set_y(-15)
        self.set_font(FAMILY, size=7.5)
        self.set_text_color(*SOFT)
        text = " · ".join(part for part in (self._foot, f"Page {self.page_no()} of {{nb}}") if part)
        self.cell(0, 5, text, align=Align.L)
        self.set_text_color(*INK)
