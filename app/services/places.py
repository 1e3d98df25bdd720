"""Where a member of staff may register patients."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Site, Study
from app.services.access import Actor, Permission, sites_within
from app.services.definition import StudyDefinition
from app.services.studies import definition_in_force


@dataclass(frozen=True)
class Place:
    """A recruiting site with its study and the definition in force."""

    site: Site
    study: Study
    definition: StudyDefinition


def registration_places(session: Session, actor: Actor) -> dict[str, Place]:
    """The recruiting sites where the actor may register, by id as text, ordered by number."""
    sites = [each for each in sites_within(session, actor, Permission.REGISTER) if each.recruiting]
    query = select(Study).where(Study.id.in_({each.study_id for each in sites}))
    studies = {each.id: each for each in session.scalars(query)}
    definitions = {each.id: definition_in_force(session, each) for each in studies.values()}
    return {str(site.id): Place(site, studies[site.study_id], definitions[site.study_id]) for site in sites}
