"""The patients whose pages are shown: each screen has its own, made for it through the services."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import APPROVED_WORDING, Patient, Site, Study, Visit, WordingPack
from app.services import codes, links, patients, personal_links, responses, studies, ward
from app.services.accounts import create_account
from app.services.links import FoundLink, IssuedLink
from app.services.questionnaires import Question
from app.services.responses import Answer, AnswerState
from app.services.schedule import local_date, window
from app.services.sessions import end_sessions_of_links, find_session, open_staff_session
from app.services.visits import visits_of
from app.services.wording import wording_used
from scripts.dossier.study import ScratchStudy, StudyError

DAYS_OPEN = timedelta(days=28)
# The window and the grace of a link of that time are over.
LONG_AGO = timedelta(days=35)
OWN_WORDS = {"fr": "Bourdonnements dans les oreilles", "en": "Ringing in the ears"}
REMARK, LOST = "Initial visit on paper", "lost_phone"
EVERY_THIRD, WRONG_CODE = 3, ""


class People:
    """Makes patients of the scratch study; what it gives are paths of links."""

    def __init__(self, study: ScratchStudy) -> None:
        self._study, self._clock = study, study.clock
        self._tokens = study.app.extensions["tokens"]
        # What opens the links of a study that asks for the code of the card: path -> digits.
        self.digits: dict[str, str] = {}
        # Before any page is asked for: the clock is put back and forward again.
        now = self._clock.now()
        self._clock.set(now - LONG_AGO)
        self.late_links = {language: self.link(language, study.surveys()[0]) for language in study.languages}
        self._clock.set(now)
        # Of a second study, whose wording is changed after its approval: from then on it issues no link.
        self.broken_links = {language: self._broken_link(language) for language in study.languages}

    def link(self, language: str, codes: Sequence[str], leave: int | None = None) -> str:
        """A link to an open visit that asks these questionnaires.

        leave: so many questions at the end stay open and the others are answered; None: nothing is answered.
        """
        return self._study.do(lambda session: self._link(session, language, codes, leave))

    def coded_link(self, language: str, codes: Sequence[str]) -> str:
        """A link as link gives it, which asks for the code of the card whatever the study asks."""
        return self._study.do(lambda session: self._coded_link(session, language, codes))

    def handed_tablet(self, language: str, codes: Sequence[str]) -> str:
        """The secret of a nurse's session that is suspended while a patient holds the ward's tablet."""
        return self._study.do(lambda session: self._handed_tablet(session, language, codes))

    def early_link(self, language: str) -> str:
        """A link whose window has not opened."""
        return self._study.do(lambda session: self._early_link(session, language))

    def personal_link(self, language: str) -> tuple[str, str]:
        """A personal link and its code."""
        return self._study.do(lambda session: self._personal_link(session, language))

    def revoke(self, path: str) -> None:
        """Takes a link back."""
        self._study.do(lambda session: self._revoke(session, path))

    def lock_for_good(self, path: str) -> None:
        """Locks a personal link until it is unlocked by hand."""
        self._study.do(lambda session: self._lock_for_good(session, path))

    def end_report(self, path: str) -> None:
        """Lets the days of a report go by."""
        self._study.do(lambda session: self._end_report(session, path))

    def end_session(self, path: str) -> None:
        """Ends the sessions that were begun from a link."""
        self._study.do(lambda session: self._end_session(session, path))

    @property
    def today(self) -> str:
        """The day of the screens, as a field for a date takes it."""
        return self._clock.now().date().isoformat()

    def _link(self, session: Session, language: str, codes: Sequence[str], leave: int | None) -> str:
        patient = self._patient(session, language)
        visit = self._opened(session, patient, codes)
        issued = links.issue_link(session, self._clock, self._tokens, visit, patient)
        if leave is not None:
            self._answer(session, visit, language, leave)
        return self._path(issued)

    def _path(self, issued: IssuedLink) -> str:
        path = f"/l/{issued.token}"
        if issued.code is not None:
            self.digits[path] = issued.code
        return path

    def _coded_link(self, session: Session, language: str, asked: Sequence[str]) -> str:
        patient = self._patient(session, language)
        visit = self._opened(session, patient, asked)
        issued = links.issue_link(session, self._clock, self._tokens, visit, patient)
        codes.set_code(issued.link, issued.token, codes.give_card(session, self._tokens, patient))
        return f"/l/{issued.token}"

    def _handed_tablet(self, session: Session, language: str, asked: Sequence[str]) -> str:
        patient, clock = self._patient(session, language), self._clock
        visit = self._opened(session, patient, asked)
        nurse = create_account(session, clock, f"nurse.{patient.code}@dossier.example", None, language)
        secret = open_staff_session(session, clock, nurse.id, {})
        held = find_session(session, clock, secret)
        assert held is not None, "a session that was opened just now"
        ward.hand_over(session, clock, held.id, visit, patient)
        return secret

    def _early_link(self, session: Session, language: str) -> str:
        patient = self._patient(session, language)
        later = [each for each in visits_of(session, patient) if each.opens_at > self._clock.now()]
        if not later:
            raise StudyError("no visit of the study opens later than the day of the randomisation")
        return f"/l/{links.issue_link(session, self._clock, self._tokens, later[0], patient).token}"

    def _broken_link(self, language: str) -> str:
        return self._study.do(lambda session: self._broken(session, language))

    def _broken(self, session: Session, language: str) -> str:
        code = self._study.definition.code
        other = re.sub(rf"""(["']){re.escape(code)}\1""", f'"{code}-2"', self._study.source, count=1)
        study = session.get_one(Study, self._study.load(session, other))
        patient = self._patient(session, language, study)
        visit = visits_of(session, patient)[0]
        issued = links.issue_link(session, self._clock, self._tokens, visit, patient)
        session.add(_changed_wording(study, visit.questionnaires[0], language, self._clock.now()))
        return f"/l/{issued.token}"

    def _personal_link(self, session: Session, language: str) -> tuple[str, str]:
        patient = self._patient(session, language)
        definition = self._study.definition
        issued = personal_links.issue_personal_link(session, self._clock, self._tokens, definition, patient)
        return f"/l/{issued.token}", issued.code or ""

    def _revoke(self, session: Session, path: str) -> None:
        links.revoke_links(session, self._clock, self._found(session, path).visit, LOST)

    def _lock_for_good(self, session: Session, path: str) -> None:
        link = self._found(session, path).link
        for _ in range(2 * codes.TRIES):
            codes.check_code(session, self._clock, link, path.removeprefix("/l/"), WRONG_CODE)
            # The wait goes by: the tries after it count too.
            link.locked_until = None
            session.flush()

    def _end_report(self, session: Session, path: str) -> None:
        visit = self._found(session, path).visit
        visit.opens_on, visit.closes_on = visit.opens_on - LONG_AGO, visit.closes_on - LONG_AGO
        visit.opens_at, visit.closes_at = visit.opens_at - LONG_AGO, visit.closes_at - LONG_AGO
        session.flush()

    def _end_session(self, session: Session, path: str) -> None:
        end_sessions_of_links(session, self._clock, [self._found(session, path).link.id])

    def _found(self, session: Session, path: str) -> FoundLink:
        found = links.find_link(session, self._clock, path.removeprefix("/l/"))
        if found is None:
            raise StudyError(f"the study has no link {path}")
        return found

    def _patient(self, session: Session, language: str, study: Study | None = None) -> Patient:
        """A patient who was registered and randomised today."""
        definition, clock = self._study.definition, self._clock
        study = study or studies.find_study(session, definition.code)
        query = select(Site).where(Site.study_id == study.id, Site.recruiting).order_by(Site.number)
        site = session.scalars(query.limit(1)).one_or_none()
        if site is None:
            raise StudyError("no site of the study recruits")
        today = local_date(clock.now(), ZoneInfo(site.timezone))
        registration = patients.Registration(None, today, language)
        patient = patients.register_patient(session, clock, definition, site, registration)
        arm = definition.arms[0].code
        patients.randomise_patient(session, clock, definition, patient, today, arm, REMARK)
        return patient

    def _opened(self, session: Session, patient: Patient, codes: Sequence[str]) -> Visit:
        """The patient's first visit, open today, with these questionnaires."""
        visit = visits_of(session, patient)[0]
        zone = ZoneInfo(session.get_one(Site, patient.site_id).timezone)
        today = local_date(self._clock.now(), zone)
        visit.questionnaires = list(codes)
        visit.opens_on, visit.closes_on = today, today + DAYS_OPEN
        visit.opens_at, visit.closes_at = window((today, today + DAYS_OPEN), zone)
        session.flush()
        return visit

    def _answer(self, session: Session, visit: Visit, language: str, leave: int) -> None:
        study = session.get_one(Study, visit.study_id)
        given: dict[str, int | str | None] = {}
        used = {code: wording_used(session, study, code, [language]) for code in visit.questionnaires}
        drafts = responses.begin_responses(session, self._clock, visit, used, language)
        asked = [
            (draft, each)
            for draft in drafts
            for each in self._study.questionnaire(draft.instrument).questions
        ]
        for draft, question in asked[: len(asked) - leave]:
            if holds(question, given):
                value = None if question is asked[1][1] else example(question, language)
                state = AnswerState.SKIPPED if value is None else AnswerState.ANSWERED
                answer = Answer(question.id, state, value, language)
                responses.save_answer(session, self._clock, draft, visit, answer)
                given[question.id] = value


def example(question: Question, language: str) -> int | str:
    """An answer to a question of codes, of words or of choices: of the symptoms every third one is there."""
    if question.choices:
        return question.choices[0]
    if not question.codes:
        return OWN_WORDS[language]
    if question.symptom is None or question.condition is not None:
        return question.codes[1]
    is_there = question.attribute == "presence" or question.number % EVERY_THIRD == 0
    return question.codes[1 if is_there else 0]


def holds(question: Question, given: Mapping[str, int | str | None]) -> bool:
    """Whether the question is asked after these answers."""
    if question.condition is None:
        return True
    value = given.get(question.condition.item)
    return value is not None and question.condition.holds(value)


def _changed_wording(study: Study, code: str, language: str, now: datetime) -> WordingPack:
    return WordingPack(
        study_id=study.id,
        questionnaire=code,
        structure_version="",
        language=language,
        texts=[],
        sha256="0" * 64,
        status=APPROVED_WORDING,
        source_name="dossier",
        imported_by="dossier",
        imported_at=now,
    )
