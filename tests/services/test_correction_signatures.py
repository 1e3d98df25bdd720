"""Who decides on a correction, what the trail says of it, and how anything altered afterwards shows."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Correction, Patient, Study
from app.services import corrections
from app.services.access import AccessDeniedError, Role
from app.services.audit import verify
from app.services.corrected_scores import verify_corrections
from app.services.correction_seals import is_as_signed
from app.services.corrections import SentForm
from app.services.errors import RuleError
from tests import corrected, factories

pytestmark = [pytest.mark.requirement("AUD-02"), pytest.mark.threat("E7")]


@pytest.fixture
def form(session: Session, clock: SteppedClock, patient: Patient) -> SentForm:
    """The initial questionnaire of a patient, all answered with the lowest code."""
    factories.submit(session, clock, factories.get_visit(session, patient))
    return corrected.sent_form(session, patient)


# Who decides, and the signature


@pytest.mark.requirement("ACC-01")
@pytest.mark.parametrize("role", [each for each in Role if each is not Role.INVESTIGATOR])
def test_nobody_else_corrects(session: Session, clock: SteppedClock, form: SentForm, role: Role) -> None:
    actor = factories.actor_of(session, clock, role, form.patient)
    with pytest.raises(AccessDeniedError):
        corrections.correct_answer(
            session, clock, actor, form, corrected.correction_facts(), 0, "Dr A. Martin", clock.now()
        )
    assert session.scalars(select(Correction)).all() == []


@pytest.mark.requirement("ACC-01")
def test_an_investigator_of_another_site_corrects_nothing(
    session: Session, clock: SteppedClock, study: Study, form: SentForm
) -> None:
    elsewhere = factories.make_patient(session, clock, study, "01-001")
    actor = factories.actor_of(session, clock, Role.INVESTIGATOR, elsewhere)
    with pytest.raises(AccessDeniedError):
        corrections.correct_answer(
            session, clock, actor, form, corrected.correction_facts(), 0, "Dr A. Martin", clock.now()
        )


@pytest.mark.threat("E8")
@pytest.mark.parametrize(
    ("name", "given_before", "rule"),
    [
        ("Dr A. Martin", None, "reauthenticate"),
        ("Dr A. Martin", timedelta(minutes=5, seconds=1), "reauthenticate"),
        (" ", timedelta(), "no_name"),
    ],
)
def test_a_correction_is_signed_with_the_password_just_given(
    session: Session,
    clock: SteppedClock,
    form: SentForm,
    name: str,
    given_before: timedelta | None,
    rule: str,
) -> None:
    actor = factories.actor_of(session, clock, Role.INVESTIGATOR, form.patient)
    proof = None if given_before is None else clock.now() - given_before
    with pytest.raises(RuleError) as refused:
        corrections.correct_answer(session, clock, actor, form, corrected.correction_facts(), 0, name, proof)
    assert refused.value.rule == rule


@pytest.mark.threat("E1")
def test_the_trail_says_who_corrected_what_and_why(
    session: Session, clock: SteppedClock, form: SentForm
) -> None:
    factories.actor_of(session, clock, Role.INVESTIGATOR, form.patient)
    last = session.scalar(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1)) or 0
    corrected.correct(session, clock, form, "q01", 4)
    entries = session.scalars(select(AuditEntry).where(AuditEntry.id > last)).all()
    assert [(each.action, each.entity) for each in entries] == [("create", "correction")]
    changes = entries[0].changes
    assert changes["old"] == [None, {"state": "answered", "value": 1}]
    assert changes["new"] == [None, {"state": "answered", "value": 4}]
    assert changes["reason"] == [None, "Ticked the wrong line"]
    assert changes["decided_by"] == [None, "investigator.04@staff.example"]
    assert changes["scores"][1]["PF2"] == pytest.approx(80)
    assert verify(session) == []


# Verification


def tampered(session: Session, table: str, assignment: str) -> None:
    """Changes rows as somebody would who holds the database."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    name = f"{table}_keeps_update" if is_sqlite else f"{table}_keeps_rows ON {table}"
    session.execute(text(f"DROP TRIGGER {name}"))
    session.execute(text(f"UPDATE {table} SET {assignment}"))  # noqa: S608
    session.expire_all()


@pytest.mark.threat("D20")
@pytest.mark.threat("E8")
@pytest.mark.parametrize(
    ("table", "assignment", "said"),
    [
        ("correction", "reason = 'Because'", "it was altered after it was signed"),
        ("correction", "item = 'q02'", "its answers are not those that follow"),
        ("corrected_score", "value = 12.5", "scale PF2: stored {'value': 12.5, 'n_answered': 5}"),
        ("corrected_score", "n_answered = 1", "scale PF2: stored"),
    ],
)
def test_what_was_altered_outside_is_named(
    session: Session, clock: SteppedClock, form: SentForm, table: str, assignment: str, said: str
) -> None:
    made = corrected.correct(session, clock, form, "q01", 4)
    assert (verify_corrections(session), is_as_signed(made)) == ((1, []), True)
    tampered(session, table, assignment)
    checked, found = verify_corrections(session)
    assert checked == 1
    assert any(each.startswith(f"response {form.response.id}, correction 1: {said}") for each in found)


def test_a_correction_that_does_not_follow_from_the_one_before_is_named(
    session: Session, clock: SteppedClock, form: SentForm
) -> None:
    for value in (3, 4):
        corrected.correct(session, clock, form, "q01", value)
    tampered(session, "correction", "ordinal = 3 - ordinal + 10")
    assert any("does not follow from the one before" in each for each in verify_corrections(session)[1])
