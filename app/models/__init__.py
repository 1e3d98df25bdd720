"""All tables; importing this module makes Base.metadata complete."""

from app.models.audit import AuditEntry, AuditHead
from app.models.base import Base
from app.models.link import Link
from app.models.patient import Milestone, Patient
from app.models.response import DRAFT, SUBMITTED, Response, Score
from app.models.sign_in import SignInFailures
from app.models.site import Site
from app.models.study import DefinitionVersion, Study
from app.models.user import RoleAssignment, User
from app.models.visit import Visit
from app.models.web_session import WebSession

__all__ = [
    "DRAFT",
    "SUBMITTED",
    "AuditEntry",
    "AuditHead",
    "Base",
    "DefinitionVersion",
    "Link",
    "Milestone",
    "Patient",
    "Response",
    "RoleAssignment",
    "Score",
    "SignInFailures",
    "Site",
    "Study",
    "User",
    "Visit",
    "WebSession",
]
