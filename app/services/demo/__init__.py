"""The demonstration study: GIST-IMA with synthetic staff and patients whose histories end today."""

from collections import Counter
from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import Clock, SteppedClock
from app.models import MAIN, Patient, Response, Site, Study, Visit
from app.services.audit import act_as
from app.services.definition import parse_definition
from app.services.demo.history import STAFF, Stage, history, play
from app.services.demo.plan import PLANS
from app.services.demo.staff import create_staff
from app.services.errors import RuleError
from app.services.responses import WordingUsed
from app.services.schedule import local_date, local_midnight
from app.services.studies import definition_in_force, load_study
from app.services.tokens import DemonstrationTokens
from app.services.visits import UNSCHEDULED, telling_response, visit_state
from app.settings import DEMONSTRATION, ROOT

STUDY = "GIST-IMA"
FILE = ROOT / "app" / "studies" / "gist-ima.toml"
LOCK = 0x0426
Progress = Callable[[str], None]


def lock_demonstration(session: Session) -> None:
    """Waits until no other process makes or tops up the demonstration; held until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    else:
        # A writer's transaction keeps other writers out from its first statement on.
        session.connection()


def find_demonstration(session: Session) -> Study | None:
    """The demonstration study; None when it is not loaded yet.

    Raises RuleError where the study of that code holds real patients.
    """
    study = session.scalar(select(Study).where(Study.code == STUDY))
    if study is not None and study.mode != DEMONSTRATION:
        raise RuleError("study", "not_a_demonstration", study=study.code)
    return study


def load_demonstration(
    session: Session,
    clock: Clock,
    tokens: DemonstrationTokens,
    password_hasher: Callable[[str], str],
    wording_used: Mapping[str, WordingUsed],
    progress: Progress,
) -> Study:
    """Makes the study, its staff and its patients with their histories; flushed, not committed.

    progress is told, in a few lines, how far it is. Loaded already: nothing changes.
    """
    lock_demonstration(session)
    study = find_demonstration(session)
    if study is not None:
        return study
    stepped = SteppedClock(clock.now())
    act_as(session, stepped, STAFF)
    progress("Study, sites and staff accounts")
    study = _load_study(session, stepped)
    create_staff(session, stepped, tokens, study, password_hasher)
    stage = _stage(session, stepped, tokens, study, clock, wording_used)
    _play(stage, clock, progress)
    act_as(session, clock, STAFF)
    return study


def visit_counts(session: Session, clock: Clock, study: Study) -> Counter[str]:
    """How many visits of the study stand in each state (VisitState) now."""
    query = (
        select(Visit, Response)
        .outerjoin(Response, (Response.visit_id == Visit.id) & (Response.entry == MAIN))
        .where(Visit.study_id == study.id, Visit.anchor != UNSCHEDULED)
    )
    forms: dict[int, tuple[Visit, list[Response]]] = {}
    for visit, response in session.execute(query):
        forms.setdefault(visit.id, (visit, []))[1].extend([response] if response is not None else [])
    now = clock.now()
    return Counter(visit_state(visit, telling_response(found), now).value for visit, found in forms.values())


def patient_count(session: Session, study: Study) -> int:
    """How many patients the study has."""
    return session.scalar(select(func.count(Patient.id)).where(Patient.study_id == study.id)) or 0


def _load_study(session: Session, stepped: SteppedClock) -> Study:
    """The study, as if its file had been loaded on its first day."""
    source = FILE.read_text("utf-8")
    definition = parse_definition(source, FILE.name)
    first = local_midnight(definition.starts_on, ZoneInfo(definition.sites[0].timezone))
    stepped.set(min(stepped.now(), first))
    return load_study(session, stepped, source, FILE.name).study


def _stage(
    session: Session,
    stepped: SteppedClock,
    tokens: DemonstrationTokens,
    study: Study,
    clock: Clock,
    wording_used: Mapping[str, WordingUsed],
) -> Stage:
    definition = definition_in_force(session, study)
    sites = {site.number: site for site in session.scalars(select(Site).where(Site.study_id == study.id))}
    today = local_date(clock.now(), ZoneInfo(definition.sites[0].timezone))
    return Stage(session, stepped, tokens, definition, sites, wording_used, today)


def _play(stage: Stage, clock: Clock, progress: Progress) -> None:
    histories = [history(stage, plan, seed) for seed, plan in enumerate(PLANS)]
    month = ""
    for at in play(stage.clock, clock.now(), histories):
        if f"{at:%Y-%m}" != month:
            month = f"{at:%Y-%m}"
            progress(f"Synthetic patients and answers of {month}")
