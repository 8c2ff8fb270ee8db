"""The imagery database: which images there are, and what of each unit they showed."""

from datetime import date
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from rs_governance.db.base import Base
from rs_governance.db.types import Outline, Plain


class Scene(Base):
    """An image that an issue used."""

    __tablename__ = "scenes"
    __alias_zh__ = "影像"

    image_id: Mapped[str] = mapped_column(sa.Text, unique=True, doc="影像标识")
    acquired_on: Mapped[date] = mapped_column(sa.Date, index=True, doc="成像日期")
    sensor: Mapped[str | None] = mapped_column(sa.Text, doc="传感器")
    gsd_m: Mapped[float | None] = mapped_column(sa.Double, doc="分辨率（米）")
    files: Mapped[list[Any]] = mapped_column(Plain, doc="文件及其哈希")
    first_issue: Mapped[str] = mapped_column(sa.Text, doc="首次使用的期号")
    outline: Mapped[shapely.Geometry | None] = mapped_column(Outline("GEOMETRY"), doc="覆盖范围")


class Coverage(Base):
    """What of a unit could be compared in an issue."""

    __tablename__ = "coverage"
    __alias_zh__ = "可观测范围"
    __table_args__ = (sa.UniqueConstraint("issue", "level", "code"),)

    issue: Mapped[str] = mapped_column(sa.Text, index=True, doc="期号")
    level: Mapped[str] = mapped_column(sa.Text, doc="级别")
    code: Mapped[str] = mapped_column(sa.Text, doc="单元代码")
    name: Mapped[str] = mapped_column(sa.Text, doc="单元名称")
    area_m2: Mapped[float] = mapped_column(sa.Double, doc="面积（平方米）")
    observed_m2: Mapped[float] = mapped_column(sa.Double, doc="可观测面积（平方米）")
    observed_share: Mapped[float] = mapped_column(sa.Double, doc="可观测比例")
    before_on_min: Mapped[date | None] = mapped_column(sa.Date, doc="最早前期日期")
    after_on_max: Mapped[date | None] = mapped_column(sa.Date, doc="最晚后期日期")
