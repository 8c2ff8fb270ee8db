"""The business database: cases, what was done about them, by whom, and the papers that go with them."""

from datetime import date
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from rs_governance.db.base import PERSONAL, Base
from rs_governance.db.types import Moment, Outline, Plain

_LISTED = ("due_on", "number", "state", "severity", "theme", "channel", "town_code", "village_code", "holder", "assignee",
           "permit_number")  # fmt: skip


class Case(Base):
    """A place where something changed, from the first suspicion to its end. Written by `cases.act` alone."""

    __tablename__ = "cases"
    __alias_zh__ = "案件"
    __table_args__ = (
        # The list of cases reads these two alone until it knows the page.
        sa.Index("cases_by_state", "state", "severity", "due_on", "number"),
        sa.Index("cases_list", *_LISTED),
        sa.Index("cases_by_place", "village_code", "state"),
        sa.Index("cases_by_holder", "holder", "state"),
    )

    number: Mapped[str] = mapped_column(sa.Text, unique=True, doc="案件号")
    version: Mapped[int] = mapped_column(sa.Integer, doc="版本")
    channel: Mapped[str] = mapped_column(sa.Text, doc="发现渠道")
    state: Mapped[str] = mapped_column(sa.Text, doc="状态")
    verdict: Mapped[str] = mapped_column(sa.Text, doc="认定")
    measure: Mapped[str | None] = mapped_column(sa.Text, doc="处置措施")
    step: Mapped[str | None] = mapped_column(sa.Text, doc="处置步骤")
    resolution: Mapped[str | None] = mapped_column(sa.Text, doc="销号结论")
    severity: Mapped[str] = mapped_column(sa.Text, doc="等级")
    suspicion: Mapped[str] = mapped_column(sa.Text, doc="疑似性质")
    theme: Mapped[str] = mapped_column(sa.Text, doc="专题")
    kind: Mapped[str] = mapped_column(sa.Text, doc="变化类型")
    department: Mapped[str] = mapped_column(sa.Text, doc="责任部门")
    district_code: Mapped[str] = mapped_column(sa.Text, doc="区划代码")
    town_code: Mapped[str] = mapped_column(sa.Text, doc="街镇代码")
    village_code: Mapped[str] = mapped_column(sa.Text, doc="村社代码")
    cell_code: Mapped[str] = mapped_column(sa.Text, doc="网格代码")
    holder: Mapped[str | None] = mapped_column(sa.Text, doc="经办人")
    assignee: Mapped[str | None] = mapped_column(sa.Text, doc="派给")
    pending: Mapped[str | None] = mapped_column(sa.Text, doc="待复核事项")
    entered_at: Mapped[Any] = mapped_column(Moment, doc="进入本状态的时间")
    due_on: Mapped[date | None] = mapped_column(sa.Date, doc="办理期限")
    warned: Mapped[int] = mapped_column(sa.Integer, doc="已提醒次数")
    extended: Mapped[int] = mapped_column(sa.Integer, doc="已延期次数")
    recurrence: Mapped[int] = mapped_column(sa.Integer, doc="复发次数")
    relation: Mapped[str] = mapped_column(sa.Text, doc="延续关系")
    first_issue: Mapped[str | None] = mapped_column(sa.Text, doc="首次期号")
    last_issue: Mapped[str | None] = mapped_column(sa.Text, index=True, doc="最近期号")
    first_seen_on: Mapped[date] = mapped_column(sa.Date, doc="首次发现日期")
    last_seen_on: Mapped[date] = mapped_column(sa.Date, doc="最近发现日期")
    opened_at: Mapped[Any] = mapped_column(Moment, doc="立案时间")
    closed_at: Mapped[Any | None] = mapped_column(Moment, doc="销号时间")
    area_m2: Mapped[float] = mapped_column(sa.Double, doc="面积（平方米）")
    cropland_m2: Mapped[float] = mapped_column(sa.Double, doc="耕地面积（平方米）")
    basic_cropland_m2: Mapped[float] = mapped_column(sa.Double, doc="永久基本农田面积（平方米）")
    protected_m2: Mapped[float] = mapped_column(sa.Double, doc="保护区面积（平方米）")
    permit_number: Mapped[str | None] = mapped_column(sa.Text, doc="批准文号")
    machine: Mapped[dict[str, Any]] = mapped_column(Plain, doc="机器所见（人工修改前）")
    parents: Mapped[list[str]] = mapped_column(Plain, doc="来源案件")
    merged_into: Mapped[str | None] = mapped_column(sa.Text, doc="并入案件")
    lon: Mapped[float] = mapped_column(sa.Double, doc="经度")
    lat: Mapped[float] = mapped_column(sa.Double, doc="纬度")
    outline: Mapped[shapely.Geometry] = mapped_column(Outline("GEOMETRY"), doc="范围")


class Event(Base):
    """An act on a case, or what was written besides; never changed, never removed, and `hash` seals all before it."""

    __tablename__ = "events"
    __alias_zh__ = "办理记录"
    __table_args__ = (sa.Index("events_of_case", "case_number", "id"),)

    case_number: Mapped[str] = mapped_column(sa.Text, doc="案件号（其他登记为空）")
    version: Mapped[int] = mapped_column(sa.Integer, doc="此后的案件版本")
    action: Mapped[str] = mapped_column(sa.Text, doc="动作")
    actor: Mapped[str] = mapped_column(sa.Text, doc="办理人")
    role: Mapped[str] = mapped_column(sa.Text, doc="角色")
    at: Mapped[Any] = mapped_column(Moment, doc="时间")
    recorded_at: Mapped[Any] = mapped_column(Moment, doc="登记时间（机器时钟）")
    from_state: Mapped[str | None] = mapped_column(sa.Text, doc="原状态")
    to_state: Mapped[str] = mapped_column(sa.Text, doc="新状态")
    reason: Mapped[str | None] = mapped_column(sa.Text, doc="理由代码")
    note: Mapped[str] = mapped_column(sa.Text, doc="说明", info=PERSONAL)
    evidence: Mapped[list[str]] = mapped_column(Plain, doc="证据（文件的 SHA-256）")
    facts: Mapped[dict[str, Any]] = mapped_column(Plain, doc="其他数据", info=PERSONAL)
    changes: Mapped[dict[str, Any]] = mapped_column(Plain, doc="案件字段的新值")
    key: Mapped[str | None] = mapped_column(sa.Text, unique=True, doc="幂等键")
    previous: Mapped[str] = mapped_column(sa.Text, doc="前一条的哈希")
    hash: Mapped[str] = mapped_column(sa.Text, doc="哈希")


class Person(Base):
    """Somebody who acts on cases."""

    __tablename__ = "people"
    __alias_zh__ = "人员"

    login: Mapped[str] = mapped_column(sa.Text, unique=True, doc="账号")
    name: Mapped[str] = mapped_column(sa.Text, doc="姓名", info=PERSONAL)
    role: Mapped[str] = mapped_column(sa.Text, doc="角色")
    prefix: Mapped[str] = mapped_column(sa.Text, doc="管辖区划代码前缀")
    themes: Mapped[list[str]] = mapped_column(Plain, doc="专题（空为全部）")
    department: Mapped[str | None] = mapped_column(sa.Text, doc="部门")
    email: Mapped[str | None] = mapped_column(sa.Text, doc="邮箱", info=PERSONAL)
    capacity: Mapped[int] = mapped_column(sa.Integer, doc="每日可核查数")
    active: Mapped[bool] = mapped_column(sa.Boolean, doc="在岗")


class Photo(Base):
    """A photo of the ground; the original lies in the evidence folder under its hash."""

    __tablename__ = "photos"
    __alias_zh__ = "照片"
    __table_args__ = (sa.UniqueConstraint("case_number", "sha256"),)

    case_number: Mapped[str] = mapped_column(sa.Text, index=True, doc="案件号")
    sha256: Mapped[str] = mapped_column(sa.Text, index=True, doc="SHA-256")
    perceptual: Mapped[str | None] = mapped_column(sa.Text, index=True, doc="感知哈希")
    name: Mapped[str] = mapped_column(sa.Text, doc="原文件名", info=PERSONAL)
    taken_at: Mapped[Any | None] = mapped_column(Moment, doc="拍摄时间")
    lon: Mapped[float | None] = mapped_column(sa.Double, doc="经度")
    lat: Mapped[float | None] = mapped_column(sa.Double, doc="纬度")
    heading_deg: Mapped[float | None] = mapped_column(sa.Double, doc="方位角（度）")
    indoor: Mapped[bool | None] = mapped_column(sa.Boolean, doc="室内")
    note: Mapped[str] = mapped_column(sa.Text, doc="说明", info=PERSONAL)
    trust: Mapped[str] = mapped_column(sa.Text, doc="可信度")
    reasons: Mapped[list[str]] = mapped_column(Plain, doc="可信度理由")
    facts: Mapped[dict[str, Any]] = mapped_column(Plain, doc="其他数据", info=PERSONAL)
    taken_in: Mapped[str] = mapped_column(sa.Text, doc="来自哪个回传文件（SHA-256）")


class Clue(Base):
    """A report from elsewhere: hotline, patrol, the public, a higher level, the ledger of known spots."""

    __tablename__ = "clues"
    __alias_zh__ = "线索"
    __table_args__ = (sa.UniqueConstraint("channel", "number"),)

    channel: Mapped[str] = mapped_column(sa.Text, doc="渠道")
    number: Mapped[str] = mapped_column(sa.Text, doc="线索编号")
    case_number: Mapped[str | None] = mapped_column(sa.Text, index=True, doc="案件号")
    relation: Mapped[str | None] = mapped_column(sa.Text, doc="与案件的关系")
    reported_on: Mapped[date] = mapped_column(sa.Date, doc="受理日期")
    answer_by: Mapped[date | None] = mapped_column(sa.Date, doc="答复期限")
    reporter: Mapped[str] = mapped_column(sa.Text, doc="反映人", info=PERSONAL)
    contact: Mapped[str] = mapped_column(sa.Text, doc="联系方式", info=PERSONAL)
    content: Mapped[str] = mapped_column(sa.Text, doc="内容", info=PERSONAL)
    fields: Mapped[dict[str, Any]] = mapped_column(Plain, doc="原始字段", info=PERSONAL)
    taken_in: Mapped[str] = mapped_column(sa.Text, doc="来自哪个文件（SHA-256）")
    outline: Mapped[shapely.Geometry] = mapped_column(Outline("GEOMETRY"), doc="位置")


class Permit(Base):
    """An approval of a register, in the edition that was last taken in."""

    __tablename__ = "permits"
    __alias_zh__ = "审批"
    __table_args__ = (sa.UniqueConstraint("register", "number", "stage"),)

    register: Mapped[str] = mapped_column(sa.Text, doc="手续类别")
    number: Mapped[str] = mapped_column(sa.Text, doc="文号")
    holder: Mapped[str] = mapped_column(sa.Text, doc="权利人", info=PERSONAL)
    valid_from: Mapped[date | None] = mapped_column(sa.Date, doc="生效日期")
    valid_to: Mapped[date | None] = mapped_column(sa.Date, doc="失效日期")
    stage: Mapped[str | None] = mapped_column(sa.Text, doc="许可阶段")
    approved_use: Mapped[str | None] = mapped_column(sa.Text, doc="批准用途")
    as_of: Mapped[date] = mapped_column(sa.Date, doc="数据日期")
    taken_in: Mapped[str] = mapped_column(sa.Text, doc="来自哪个文件（SHA-256）")
    outline: Mapped[shapely.Geometry] = mapped_column(Outline("GEOMETRY"), doc="批准范围")


class Intake(Base):
    """A file that was taken in, so that reading it twice counts once."""

    __tablename__ = "intakes"
    __alias_zh__ = "导入台账"
    __table_args__ = (sa.UniqueConstraint("purpose", "sha256"),)

    purpose: Mapped[str] = mapped_column(sa.Text, doc="用途")
    sha256: Mapped[str] = mapped_column(sa.Text, doc="SHA-256")
    name: Mapped[str] = mapped_column(sa.Text, doc="文件名")
    actor: Mapped[str] = mapped_column(sa.Text, doc="导入人")
    at: Mapped[Any] = mapped_column(Moment, doc="时间")
    taken: Mapped[int] = mapped_column(sa.Integer, doc="采用行数")
    refused: Mapped[int] = mapped_column(sa.Integer, doc="退回行数")
    result: Mapped[dict[str, Any]] = mapped_column(Plain, doc="逐行结果", info=PERSONAL)


class Export(Base):
    """A package that was handed out: to whom, what for, until when."""

    __tablename__ = "exports"
    __alias_zh__ = "导出台账"

    number: Mapped[str] = mapped_column(sa.Text, unique=True, doc="导出编号")
    receiver: Mapped[str] = mapped_column(sa.Text, doc="接收人")
    purpose: Mapped[str] = mapped_column(sa.Text, doc="用途")
    actor: Mapped[str] = mapped_column(sa.Text, doc="导出人")
    at: Mapped[Any] = mapped_column(Moment, doc="时间")
    expires_on: Mapped[date] = mapped_column(sa.Date, doc="有效期")
    case_numbers: Mapped[list[str]] = mapped_column(Plain, doc="案件号")
    files: Mapped[dict[str, str]] = mapped_column(Plain, doc="文件及其 SHA-256")
    facts: Mapped[dict[str, Any]] = mapped_column(Plain, doc="其他数据（抽取的种子、路线等）")


class Holiday(Base):
    """A day that differs from its weekday: a public holiday, or a weekend day worked instead."""

    __tablename__ = "holidays"
    __alias_zh__ = "节假日"

    day: Mapped[date] = mapped_column(sa.Date, unique=True, doc="日期")
    working: Mapped[bool] = mapped_column(sa.Boolean, doc="上班")
    name: Mapped[str] = mapped_column(sa.Text, doc="名称")


class AnchorNote(Base):
    """What the store knows of an anchor that was set outside of it, so that one that is cut off is missed."""

    __tablename__ = "anchors"
    __alias_zh__ = "锚的存根"

    series: Mapped[str] = mapped_column(sa.Text, doc="锚文件（首个锚的签名）")
    number: Mapped[int] = mapped_column(sa.Integer, doc="文件中的序号")
    at: Mapped[Any] = mapped_column(Moment, doc="时间")
    signature: Mapped[str] = mapped_column(sa.Text, unique=True, doc="签名")


class Setting(Base):
    """A fact of the store itself: its identity, district and CRS."""

    __tablename__ = "settings"
    __alias_zh__ = "设置"

    name: Mapped[str] = mapped_column(sa.Text, unique=True, doc="名称")
    value: Mapped[str] = mapped_column(sa.Text, doc="值")
