"""All tables; importing this module makes Base.metadata complete."""

from app.models.adverse_event import (
    DECIDED_EVENT,
    DRAFT_EVENT,
    SIGNED_EVENT,
    AdverseEvent,
    AdverseEventVersion,
    EventDeclaration,
    EventSignature,
)
from app.models.alert import ACKNOWLEDGED_ALERT, OPEN_ALERT, Alert
from app.models.audit import AuditEntry, AuditHead
from app.models.base import Base
from app.models.contact import CHANNELS, EMAIL, NO_CHANNEL, SMS, Contact
from app.models.correction import CorrectedScore, CorrectedSymptom, Correction
from app.models.exposure import Exposure
from app.models.handover import HandoverNote
from app.models.late_answer import LateAnswer
from app.models.link import ON_PAPER, ON_SCREEN, PERSONAL_LINK, VISIT_LINK, WARD_LINK, Link
from app.models.link_fetch import LinkFetch
from app.models.message import (
    ALERT_MESSAGE,
    BOUNCED,
    CANCELLED,
    ESCALATION_MESSAGE,
    FAILED,
    INVITATION_MESSAGE,
    LINK_MESSAGE,
    REMINDER,
    SENDING,
    SENT,
    UNCERTAIN,
    UNSENT,
    WAITING,
    Message,
)
from app.models.missing import MissingReason
from app.models.password_link import INVITATION, RESET, PasswordLink
from app.models.patient import Milestone, Patient, SiteStay
from app.models.patient_note import PatientNote
from app.models.response import (
    DRAFT,
    FIRST,
    MAIN,
    PARTIAL,
    SECOND,
    SUBMITTED,
    TRANSCRIBED,
    WARD,
    Response,
    Score,
)
from app.models.sign_in import SignInFailures
from app.models.site import Site
from app.models.study import DefinitionVersion, Study
from app.models.symptom import SymptomReport
from app.models.user import RoleAssignment, User
from app.models.visit import Visit
from app.models.web_session import WebSession
from app.models.wording import APPROVED_WORDING, DRAFT_WORDING, WITHDRAWN_WORDING, WordingPack

__all__ = [
    "ACKNOWLEDGED_ALERT",
    "ALERT_MESSAGE",
    "APPROVED_WORDING",
    "BOUNCED",
    "CANCELLED",
    "CHANNELS",
    "DECIDED_EVENT",
    "DRAFT",
    "DRAFT_EVENT",
    "DRAFT_WORDING",
    "EMAIL",
    "ESCALATION_MESSAGE",
    "FAILED",
    "FIRST",
    "INVITATION",
    "INVITATION_MESSAGE",
    "LINK_MESSAGE",
    "MAIN",
    "NO_CHANNEL",
    "ON_PAPER",
    "ON_SCREEN",
    "OPEN_ALERT",
    "PARTIAL",
    "PERSONAL_LINK",
    "REMINDER",
    "RESET",
    "SECOND",
    "SENDING",
    "SENT",
    "SIGNED_EVENT",
    "SMS",
    "SUBMITTED",
    "TRANSCRIBED",
    "UNCERTAIN",
    "UNSENT",
    "VISIT_LINK",
    "WAITING",
    "WARD",
    "WARD_LINK",
    "WITHDRAWN_WORDING",
    "AdverseEvent",
    "AdverseEventVersion",
    "Alert",
    "AuditEntry",
    "AuditHead",
    "Base",
    "Contact",
    "CorrectedScore",
    "CorrectedSymptom",
    "Correction",
    "DefinitionVersion",
    "EventDeclaration",
    "EventSignature",
    "Exposure",
    "HandoverNote",
    "LateAnswer",
    "Link",
    "LinkFetch",
    "Message",
    "Milestone",
    "MissingReason",
    "PasswordLink",
    "Patient",
    "PatientNote",
    "Response",
    "RoleAssignment",
    "Score",
    "SignInFailures",
    "Site",
    "SiteStay",
    "Study",
    "SymptomReport",
    "User",
    "Visit",
    "WebSession",
    "WordingPack",
]
