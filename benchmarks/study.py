"""A scratch study with as many patients as are measured, and what the database holds of them afterwards."""

import random
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import select

from app import create_app
from app.db import READ, WRITE, db
from app.migrate import upgrade
from app.models import Response, Study
from app.services import links, patients, studies
from app.services.audit import AuditContext, act_as
from app.services.questionnaires import Question, questionnaire
from app.services.schedule import local_date
from app.services.visits import visits_of
from app.settings import ROOT, Settings

FILE = ROOT / "app" / "studies" / "gist-ima.toml"


@dataclass(frozen=True)
class Task:
    """One patient to be played: the path of the link, and what is answered."""

    patient_id: int
    path: str
    answers: dict[str, int | str]


class ScratchStudy:
    """A migrated database of its own with the demonstration's study in it, without patients at first."""

    def __init__(self, url: str, secret_key: str) -> None:
        upgrade(url)
        settings = Settings(secret_key, url, "http://127.0.0.1", mode="demonstration")
        self.app: Flask = create_app(settings)
        self._chance = random.Random(26)
        self._asked: list[Question] = []
        with self.app.app_context(), db.new_session() as session:
            clock = self.app.extensions["clock"]
            act_as(session, clock, AuditContext("benchmark", "system"))
            studies.load_study(session, clock, FILE.read_text("utf-8"), FILE.name)
            session.commit()

    def make_tasks(self, count: int) -> list[Task]:
        """Registers so many patients, each with an open link."""
        clock, tokens = self.app.extensions["clock"], self.app.extensions["tokens"]
        with self.app.app_context(), db.new_session() as session:
            act_as(session, clock, AuditContext("benchmark", "system"))
            study = studies.find_study(session, "GIST-IMA")
            definition = studies.definition_in_force(session, study)
            site = studies.find_site(session, study, "04")
            visit_rule = definition.visits[0]
            self._asked = [
                question
                for code in visit_rule.questionnaires
                for question in questionnaire(definition, code).questions
            ]
            today = local_date(clock.now(), ZoneInfo(site.timezone))
            tasks = []
            for _ in range(count):
                registration = patients.Registration(patients.next_code(session, site), today, "fr")
                patient = patients.register_patient(session, clock, definition, site, registration)
                issued = links.issue_link(session, clock, tokens, visits_of(session, patient)[0], patient)
                tasks.append(Task(patient.id, f"/l/{issued.token}", self._answers()))
            session.commit()
        return tasks

    def wrong_answers(self, tasks: list[Task]) -> list[str]:
        """What differs between the answers that were given and those that are stored as sent."""
        with self.app.app_context(), db.new_session(READ) as session:
            query = select(Response).join(Study, Study.id == Response.study_id)
            stored: dict[int, list[Response]] = {}
            for each in session.scalars(query):
                stored.setdefault(each.patient_id, []).append(each)
            return [
                problem for task in tasks for problem in _differences(task, stored.get(task.patient_id, []))
            ]

    def stored_answers(self, patient_id: int) -> dict[str, int | str]:
        """What the database holds of one patient's answers."""
        with self.app.app_context(), db.new_session(READ) as session:
            stored = session.scalars(select(Response).where(Response.patient_id == patient_id))
            return {item: entry["value"] for each in stored for item, entry in each.answers.items()}

    def close(self) -> None:
        """Lets go of the database."""
        with self.app.app_context():
            for name in (WRITE, READ):
                db.engines[name].dispose()

    def _answers(self) -> dict[str, int | str]:
        """An answer to each question that is asked: every third symptom is there, the others are not."""
        given: dict[str, int | str] = {}
        for question in self._asked:
            lead = question.condition
            if lead is not None and (lead.item not in given or not lead.holds(given[lead.item])):
                continue
            if question.symptom is None:
                given[question.id] = self._chance.choice(question.codes)
            elif question.condition is None:
                given[question.id] = int(question.number % 3 == 0)
            else:
                given[question.id] = self._chance.choice(question.codes[1:])
        return given


def _differences(task: Task, responses: list[Response]) -> list[str]:
    if not responses or not all(each.is_submitted for each in responses):
        return [f"patient {task.patient_id}: nothing was sent"]
    given = {
        item: entry["value"]
        for each in responses
        for item, entry in each.answers.items()
        if entry["state"] == "answered"
    }
    return [] if given == task.answers else [f"patient {task.patient_id}: other answers are stored"]
