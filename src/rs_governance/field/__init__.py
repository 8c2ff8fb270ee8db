"""The field: what goes out to the inspectors, and what comes back.

`read_tasks` says who has what, `export_tasks` makes a package for a receiver, `make_plan` says who goes where. What
comes back is read by `field.returns`.
"""

from rs_governance.field.assignments import FIELD_STATES, FieldTask, Receiver, read_receiver, read_tasks
from rs_governance.field.documents import SCHEMA_FOLDER, check_document
from rs_governance.field.handout import Handout, Order
from rs_governance.field.ledger import PLAN_PURPOSE, TASKS_PURPOSE, void_export
from rs_governance.field.package import Package, Wanted, export_tasks
from rs_governance.field.parts import FORMATS
from rs_governance.field.plans import KeptPlan, make_plan, plan_document
from rs_governance.field.questions import DEFAULT_QUESTIONS, Question, read_questions
from rs_governance.field.unfinished import settle_exports

__all__ = [
    "DEFAULT_QUESTIONS",
    "FIELD_STATES",
    "FORMATS",
    "PLAN_PURPOSE",
    "SCHEMA_FOLDER",
    "TASKS_PURPOSE",
    "FieldTask",
    "Handout",
    "KeptPlan",
    "Order",
    "Package",
    "Question",
    "Receiver",
    "Wanted",
    "check_document",
    "export_tasks",
    "make_plan",
    "plan_document",
    "read_questions",
    "read_receiver",
    "read_tasks",
    "settle_exports",
    "void_export",
]
