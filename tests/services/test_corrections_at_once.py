"""Two investigators at the same moment on one questionnaire, on real databases."""

import pytest
from sqlalchemy import select

from app.models import Correction, Patient
from app.services import corrections
from app.services.access import Role
from app.services.audit import verify
from app.services.errors import RuleError
from app.services.patients import find_patient
from tests import corrected
from tests import factories as make
from tests.live import Live, together


@pytest.fixture
def code(live: Live) -> str:
    """The code of a patient who sent the initial questionnaire, with an investigator at the site."""
    with live.session() as session:
        patient = live.new_patient(session)
        make.submit(session, live.clock, make.get_visit(session, patient))
        make.actor_of(session, live.clock, Role.INVESTIGATOR, patient)
        session.commit()
        return patient.code


@pytest.mark.requirement("AUD-02")
@pytest.mark.threat("E7")
def test_of_two_who_correct_at_once_the_second_is_told(live: Live, code: str) -> None:
    def correct(value: int) -> str:
        with live.session() as session:
            patient = session.scalars(select(Patient).where(Patient.code == code)).one()
            actor = make.actor_of(session, live.clock, Role.INVESTIGATOR, patient)
            found = find_patient(session, actor, make.CODE, code)
            form, facts = corrected.sent_form(session, found), corrected.correction_facts("q01", value)
            try:
                corrections.correct_answer(
                    session, live.clock, actor, form, facts, 0, "Dr A. Martin", live.clock.now()
                )
            except RuleError as error:
                return error.rule
            session.commit()
            return "recorded"

    said = together(lambda: correct(3), lambda: correct(4))
    assert sorted(said) == ["corrected_meanwhile", "recorded"]
    with live.session() as session:
        (made,) = session.scalars(select(Correction)).all()
        assert (made.ordinal, made.old["value"]) == (1, 1)
        assert verify(session) == []
