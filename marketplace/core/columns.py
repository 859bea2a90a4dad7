"""Reusable column types and mixins."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from sqlalchemy import BigInteger, DateTime, Enum, LargeBinary, String, func
from sqlalchemy.dialects.postgresql import BIT, JSONB, BitString
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

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
