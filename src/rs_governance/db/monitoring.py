"""The monitoring database: what was published, month by month."""

from datetime import date
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from rs_governance.db.base import Base
from rs_governance.db.types import Moment, Outline, Plain


class Issue(Base):
    """A published issue, as it was taken in."""

    __tablename__ = "issues"
    __alias_zh__ = "期"

    name: Mapped[str] = mapped_column(sa.Text, unique=True, doc="期号")
    district_code: Mapped[str] = mapped_column(sa.Text, doc="区划代码")
    manifest_sha256: Mapped[str] = mapped_column(sa.Text, doc="清单哈希")
    edition: Mapped[int] = mapped_column(sa.Integer, default=1, doc="版次（重新发布则加一）")
    first_image_on: Mapped[date | None] = mapped_column(sa.Date, doc="最早影像日期")
    last_image_on: Mapped[date | None] = mapped_column(sa.Date, doc="最晚影像日期")
    spots: Mapped[int] = mapped_column(sa.Integer, doc="图斑数")
    taken_at: Mapped[Any] = mapped_column(Moment, doc="入库时间")
    statistics: Mapped[dict[str, Any]] = mapped_column(Plain, doc="统计")
    unseen: Mapped[shapely.Geometry | None] = mapped_column(Outline("GEOMETRY"), doc="未观测范围")


class Finding(Base):
    """A spot of a published issue, as it was published."""

    __tablename__ = "findings"
    __alias_zh__ = "图斑"
    __table_args__ = (sa.UniqueConstraint("issue", "spot_no", "edition"),)

    issue: Mapped[str] = mapped_column(sa.Text, doc="期号")
    spot_no: Mapped[str] = mapped_column(sa.Text, index=True, doc="图斑号")
    edition: Mapped[int] = mapped_column(sa.Integer, default=1, doc="版次")
    case_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cases.id"), index=True, doc="案件")
    relation: Mapped[str | None] = mapped_column(sa.Text, doc="与案件的关系")
    current: Mapped[bool] = mapped_column(sa.Boolean, doc="是否有效（未被重新发布取代）")
    kind: Mapped[str] = mapped_column(sa.Text, doc="变化类型")
    theme: Mapped[str] = mapped_column(sa.Text, doc="专题")
    suspicion: Mapped[str] = mapped_column(sa.Text, doc="疑似性质")
    severity: Mapped[str] = mapped_column(sa.Text, doc="等级")
    area_m2: Mapped[float] = mapped_column(sa.Double, doc="面积（平方米）")
    score: Mapped[float] = mapped_column(sa.Double, doc="变化得分")
    town_code: Mapped[str] = mapped_column(sa.Text, doc="街镇代码")
    village_code: Mapped[str] = mapped_column(sa.Text, doc="村社代码")
    before_on: Mapped[date] = mapped_column(sa.Date, doc="前期日期")
    after_on: Mapped[date] = mapped_column(sa.Date, doc="后期日期")
    before_image: Mapped[str] = mapped_column(sa.Text, doc="前期影像")
    after_image: Mapped[str] = mapped_column(sa.Text, doc="后期影像")
    spot: Mapped[dict[str, Any]] = mapped_column(Plain, doc="全部字段", info={"personal": ("keeper",)})
    decision: Mapped[list[Any]] = mapped_column(Plain, doc="判定依据")
    outline: Mapped[shapely.Geometry] = mapped_column(Outline("MULTIPOLYGON"), doc="图斑范围")
