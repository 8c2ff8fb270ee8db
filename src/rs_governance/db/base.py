"""What the tables of the three databases share."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

PERSONAL: dict[str, Any] = {"personal": True}
"""`info` of a column that may name or describe somebody: `rsg db snapshot` leaves it out; `{"personal": keys}` of a `Plain` one
for its keys that do."""


class Base(DeclarativeBase):
    """Base of every table.

    `__doc__` of a table is its description in the GeoPackage, `__alias_zh__` its Chinese name, and `doc` of a column
    its Chinese name.
    """

    __alias_zh__: str

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=True, sort_order=-1)

    @classmethod
    def __table_cls__(cls, *args: Any, **options: Any) -> sa.Table:
        """Make the table: ids are never given twice, as GeoPackage wants it."""
        return sa.Table(*args, **options, sqlite_autoincrement=True)
