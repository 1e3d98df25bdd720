"""A scratch study whose clock stands still: its facts, and a desk that works on its database."""

import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from app import create_app
from app.clock import SteppedClock
from app.db import READ, WRITE, db
from app.migrate import upgrade
from app.services import studies
from app.services.audit import AuditContext, act_as
from app.services.definition import StudyDefinition, parse_definition
from app.services.questionnaires import REPORT, Questionnaire, questionnaire
from app.services.wording import questionnaires_of, wordings_in_use
from app.settings import CONTACT_KEY_BYTES, Settings

Result = TypeVar("Result")
# What is shown is the stand-in, which a study with real patients refuses.
MODE = re.compile(r"""^(\s*mode\s*=\s*)["']production["']""", re.MULTILINE)
MORNING = time(9, 30, tzinfo=UTC)
# Further back than the first day of patients whose links have expired.
PAST = timedelta(days=40)


class StudyError(Exception):
    """The study is such that a screen cannot be shown; says why."""


@dataclass(frozen=True)
class WordingFact:
    """Which wording of a questionnaire is shown in a language."""

    questionnaire: str
    language: str
    status: str
    sha256: str


class ScratchStudy:
    """The study of a definition in an empty database."""

    def __init__(self, source: str, name: str, database: str, url: str) -> None:
        self.source, self.name = MODE.sub(r'\1"demonstration"', source), name
        self.definition: StudyDefinition = parse_definition(self.source, name)
        self.clock = SteppedClock(_morning(self.definition))
        upgrade(database)
        keys = ((1, secrets.token_bytes(CONTACT_KEY_BYTES)),)
        settings = Settings(secrets.token_hex(), database, url, "demonstration", contact_keys=keys)
        self.app = create_app(settings, self.clock)
        self._desk = ThreadPoolExecutor(1)
        self.do(lambda session: self.load(session, self.source))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the study's patients."""
        return self.definition.languages

    @property
    def codes(self) -> list[str]:
        """The questionnaires of the visits, and the report between them."""
        return [*questionnaires_of(self.definition), REPORT]

    def surveys(self) -> list[tuple[str, ...]]:
        """What visits ask together, the most first, until every questionnaire is among them."""
        found: list[tuple[str, ...]] = []
        for asked in sorted({each.questionnaires for each in self.definition.visits}, key=_most_first):
            if not {code for each in found for code in each}.issuperset(asked):
                found.append(tuple(asked))
        return found

    def questionnaire(self, code: str) -> Questionnaire:
        """A questionnaire as this study has it."""
        return questionnaire(self.definition, code)

    def load(self, session: Session, source: str) -> int:
        """Loads a definition; the study's row."""
        return studies.load_study(session, self.clock, source, self.name).study.id

    def wording_facts(self) -> list[WordingFact]:
        """Status and SHA-256 of every wording that is shown."""
        return self.do(self._wording_facts)

    def do(self, work: Callable[[Session], Result]) -> Result:
        """Does work and commits it, in a thread of its own: no application context ends beside a browser."""
        return self._desk.submit(self._in_context, work).result()

    def close(self) -> None:
        """Lets go of the database."""
        self._desk.submit(self._dispose).result()
        self._desk.shutdown()

    def _wording_facts(self, session: Session) -> list[WordingFact]:
        study = studies.find_study(session, self.definition.code)
        return [
            WordingFact(code, language, found.status, found.sha256)
            for language in self.languages
            for code, found in wordings_in_use(session, study, self.codes, language).items()
        ]

    def _in_context(self, work: Callable[[Session], Result]) -> Result:
        with self.app.app_context(), db.new_session() as session:
            act_as(session, self.clock, AuditContext("dossier", "system"))
            result = work(session)
            session.commit()
            return result

    def _dispose(self) -> None:
        with self.app.app_context():
            for name in (WRITE, READ):
                db.engines[name].dispose()


def _most_first(asked: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return -len(asked), tuple(asked)


def _morning(definition: StudyDefinition) -> datetime:
    """This morning, or a day of a study that has not begun; a browser drops the cookies of days gone by."""
    began = datetime.combine(definition.starts_on, MORNING)
    return max(datetime.combine(datetime.now(UTC).date(), MORNING), began + PAST)
