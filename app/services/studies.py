"""Studies: loading a definition, amending it, and reading the one in force."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.clock import Clock
from app.models import DefinitionVersion, Milestone, Patient, Site, Study
from app.services.definition import StudyDefinition, parse_definition
from app.services.errors import NotFoundError, RuleError
from app.services.projection import Projection, project_visits

_parsed: dict[str, StudyDefinition] = {}


@dataclass(frozen=True)
class LoadedStudy:
    """What loading a definition did, to be shown before it is committed."""

    study: Study
    is_new: bool
    changes: tuple[str, ...] = ()
    visits: Projection = field(default_factory=Projection)


def load_study(session: Session, clock: Clock, source: str, filename: str) -> LoadedStudy:
    """Creates or amends the study that the definition file describes; flushed, not committed.

    Raises DefinitionError with every fault's line; RuleError when the version was loaded before
    with other content (an amendment needs a version of its own), and when an amendment lacks what is
    in use: a site, an arm of patients, a milestone that happened.
    """
    sha256 = hashlib.sha256(source.encode()).hexdigest()
    definition = _read_once(sha256, source, filename)
    study = session.scalar(select(Study).where(Study.code == definition.code))
    if study is None:
        return LoadedStudy(_create(session, clock, definition, source, sha256), is_new=True)
    if study.definition_sha256 == sha256:
        return LoadedStudy(study, is_new=False)
    return _amend(session, clock, study, definition, source, sha256)


def find_study(session: Session, code: str) -> Study:
    """The study of a code; NotFoundError when there is none."""
    study = session.scalar(select(Study).where(Study.code == code))
    if study is None:
        raise NotFoundError("study", code)
    return study


def find_site(session: Session, study: Study, number: str) -> Site:
    """The site of a number in a study; NotFoundError when there is none."""
    site = session.scalar(select(Site).where(Site.study_id == study.id, Site.number == number))
    if site is None:
        raise NotFoundError("site", number)
    return site


def definition_in_force(session: Session, study: Study) -> StudyDefinition:
    """The parsed definition of a study; kept in memory by its hash, since a file never changes."""
    return definition_of(session, study.id, study.definition_version, study.definition_sha256)


def definition_of(session: Session, study_id: int, version: str, sha256: str) -> StudyDefinition:
    """The parsed definition of a study by its version and hash."""
    if sha256 not in _parsed:
        query = select(DefinitionVersion).where(
            DefinitionVersion.study_id == study_id, DefinitionVersion.version == version
        )
        stored = session.scalars(query).one()
        _read_once(stored.sha256, stored.source, f"definition {stored.version}")
    return _parsed[sha256]


def _read_once(sha256: str, source: str, filename: str) -> StudyDefinition:
    if sha256 not in _parsed:
        _parsed[sha256] = parse_definition(source, filename)
    return _parsed[sha256]


def definition_at(session: Session, study_id: int, instant: datetime) -> StudyDefinition:
    """The parsed definition that was in force at an instant; the first one for an instant before it."""
    query = select(DefinitionVersion.version, DefinitionVersion.sha256, DefinitionVersion.loaded_at)
    versions = session.execute(
        query.where(DefinitionVersion.study_id == study_id).order_by(DefinitionVersion.id)
    ).all()
    known = [each for each in versions if each.loaded_at <= instant] or versions[:1]
    return definition_of(session, study_id, known[-1].version, known[-1].sha256)


def _create(session: Session, clock: Clock, definition: StudyDefinition, source: str, sha256: str) -> Study:
    study = Study(
        code=definition.code,
        mode=definition.mode,
        definition_version=definition.version,
        definition_sha256=sha256,
    )
    session.add(study)
    session.flush()
    _keep_version(session, clock, study, source)
    _store_sites(session, study, definition)
    session.flush()
    return study


def _amend(
    session: Session, clock: Clock, study: Study, definition: StudyDefinition, source: str, sha256: str
) -> LoadedStudy:
    known = select(DefinitionVersion.id).where(
        DefinitionVersion.study_id == study.id, DefinitionVersion.version == definition.version
    )
    if session.scalar(known) is not None:
        raise RuleError("version", "version_used", version=definition.version, study=study.code)
    _require_what_is_used(session, study, definition)
    before = definition_in_force(session, study)
    study.mode, study.definition_version = definition.mode, definition.version
    study.definition_sha256 = sha256
    _keep_version(session, clock, study, source)
    _store_sites(session, study, definition)
    session.flush()
    visits = _project_all(session, clock, study, definition)
    return LoadedStudy(study, is_new=False, changes=tuple(differences(before, definition)), visits=visits)


def _require_what_is_used(session: Session, study: Study, definition: StudyDefinition) -> None:
    """Rows refer to these by code: without them pages of patients could not be made any more."""
    arms = select(Patient.arm).where(Patient.study_id == study.id, Patient.arm.is_not(None))
    kinds = select(Milestone.kind).where(Milestone.study_id == study.id)
    sites = select(Site.number).where(Site.study_id == study.id)
    for table, used, known in (
        ("sites", sites, {each.number for each in definition.sites}),
        ("arms", arms, {each.code for each in definition.arms}),
        ("milestones", kinds, {each.code for each in definition.milestones}),
    ):
        missing = {str(each) for each in session.scalars(used)} - known
        if missing:
            raise RuleError(table, "still_used", missing=", ".join(sorted(missing)))


def _keep_version(session: Session, clock: Clock, study: Study, source: str) -> None:
    session.add(
        DefinitionVersion(
            study_id=study.id,
            version=study.definition_version,
            sha256=study.definition_sha256,
            source=source,
            loaded_at=clock.now(),
        )
    )


def _store_sites(session: Session, study: Study, definition: StudyDefinition) -> None:
    stored = {site.number: site for site in session.scalars(select(Site).where(Site.study_id == study.id))}
    for described in definition.sites:
        facts = described.model_dump()
        site = stored.get(described.number)
        if site is None:
            session.add(Site(study_id=study.id, **facts))
        else:
            for name, value in facts.items():
                setattr(site, name, value)


def _project_all(session: Session, clock: Clock, study: Study, definition: StudyDefinition) -> Projection:
    query = select(Patient).where(Patient.study_id == study.id).order_by(Patient.id)
    options = selectinload(Patient.milestones), selectinload(Patient.site)
    total = Projection()
    for patient in session.scalars(query.options(*options)):
        total += project_visits(session, clock, definition, patient)
    return total


def differences(before: StudyDefinition, after: StudyDefinition) -> Iterator[str]:
    """Each value that an amendment changes, as "where: old -> new"; tables in lists go by their codes."""
    old, new = dict(_flat(before.model_dump())), dict(_flat(after.model_dump()))
    for where in dict.fromkeys([*old, *new]):
        if old.get(where) != new.get(where):
            yield f"{where}: {old.get(where, 'none')} -> {new.get(where, 'none')}"


def _flat(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        # Not by place, or one table more would change all that follow it. Series of visits may share a code.
        seen: Counter[str] = Counter()
        for each in value:
            code = each.get("code") or each["number"]
            seen[code] += 1
            yield from _flat(each, f"{where} {code}" + (f" ({seen[code]})" if seen[code] > 1 else ""))
    else:
        yield where, value
