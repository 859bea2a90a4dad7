"""Reusable column types and mixins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Date,
    DateTime,
    Enum,
    LargeBinary,
    String,
    bindparam,
    func,
)
from sqlalchemy.dialects.postgresql import BIT, JSONB, BitString
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, UserDefinedType

from marketplace.core.clock import now
from marketplace.core.ids import ID_LENGTH, new_id

E = TypeVar("E", bound=StrEnum)

Id = Annotated[str, mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)]
RefId = Annotated[str, mapped_column(String(ID_LENGTH))]
Cents = Annotated[int, mapped_column(BigInteger)]
Currency = Annotated[str, mapped_column(String(3), default="usd")]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
CreatedAt = Annotated[
    datetime,
    mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp(), index=True),
]
Json = Annotated[dict[str, Any], mapped_column(JSONB, default=dict)]
JsonList = Annotated[list[Any], mapped_column(JSONB, default=list)]
Sealed = Annotated[bytes, mapped_column(LargeBinary)]
"""Encrypted by core.vault; never shown in a repr or log."""


def this_moment() -> BindParameter[datetime]:
    """SQL: now, read at each execution, so that a statement which holds it can be kept."""
    return bindparam("moment", callable_=now, type_=DateTime(timezone=True), unique=True)


def today() -> BindParameter[date]:
    """SQL: the date in UTC, read at each execution."""
    return bindparam("today", callable_=lambda: now().date(), type_=Date(), unique=True)


def enum_column(kind: type[E], name: str) -> Enum:
    """An enum stored by value as text with a CHECK, so that adding a state is one line."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )


class HashBits(TypeDecorator[bytes]):
    """Bytes in Python, bit(n) in PostgreSQL, where ``bit_count(a # b)`` is Hamming distance."""

    impl = BIT
    cache_ok = True

    def __init__(self, bits: int) -> None:
        super().__init__(bits)
        self.bits = bits

    def process_bind_param(self, value: bytes | None, dialect: Any) -> Any:
        if value is None:
            return None
        if len(value) * 8 != self.bits:
            raise ValueError(f"expected {self.bits // 8} bytes")
        return BitString.from_bytes(value)

    def process_result_value(self, value: Any, dialect: Any) -> bytes | None:
        if value is None:
            return None
        return int(str(value), 2).to_bytes(self.bits // 8, "big")


class HalfVector(UserDefinedType[Sequence[float]]):
    """pgvector's halfvec: so many numbers of 16 bits, for nearest-neighbour search.

    ``column.op("<=>", return_type=Float())(vector)`` is the cosine distance, ``"<->"`` the
    Euclidean one.
    """

    cache_ok = True

    def __init__(self, dimensions: int | str | None = None) -> None:
        super().__init__()
        self.dimensions = None if dimensions is None else int(dimensions)

    def get_col_spec(self, **_: Any) -> str:
        """As CREATE TABLE and casts spell it."""
        return "halfvec" if self.dimensions is None else f"halfvec({self.dimensions})"

    def bind_processor(self, dialect: Any) -> Callable[[Sequence[float] | None], str | None]:
        """Numbers as pgvector reads them."""

        def process(value: Sequence[float] | None) -> str | None:
            return None if value is None else f"[{','.join(f'{number:.5g}' for number in value)}]"

        return process

    def result_processor(
        self, dialect: Any, coltype: Any
    ) -> Callable[[str | None], list[float] | None]:
        """A list of numbers."""

        def process(value: str | None) -> list[float] | None:
            return None if value is None else [float(part) for part in value[1:-1].split(",")]

        return process


# So that migrations recognise what they find in the database.
ischema_names["halfvec"] = HalfVector


class EventColumns:
    """Columns of every append-only event row: what changed, who did it, when and why."""

    id: Mapped[Id]
    action: Mapped[str] = mapped_column(String(40))
    from_state: Mapped[str | None] = mapped_column(String(40))
    to_state: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    """The person; null when the system acted."""
    reason: Mapped[str | None] = mapped_column(String(2000))
    at: Mapped[CreatedAt]


class FingerprintColumns:
    """Perceptual hashes of one picture, filled in by a worker (see workers.fingerprints)."""

    pdq: Mapped[bytes | None] = mapped_column(HashBits(256))
    pdq_quality: Mapped[int | None]
    phash64: Mapped[bytes | None] = mapped_column(HashBits(64))
    dct256: Mapped[bytes | None] = mapped_column(HashBits(256))
    fingerprint_version: Mapped[int | None]
