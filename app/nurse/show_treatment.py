"""From a patient's episodes of exposure to the pages that show, record, stop and correct them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import current_app, request, url_for

from app.db import db
from app.forms.steps import DRUGS, OTHER_DRUG, STOP_REASONS
from app.i18n import day_text, translate
from app.nurse import step_words
from app.nurse.common import address, day_of, may
from app.nurse.pages import Fact
from app.nurse.step_pages import DrugPage, EpisodeRow, TreatmentPage
from app.services.access import Permission
from app.services.exposure import undone_exposures
from app.services.treatment import exposures_of, treatment_state
from app.services.worklist import today_at


def state_on(episodes: Sequence[Any], day: date) -> str:
    """How a patient with these episodes is treated on a day, in words."""
    return step_words.treatment_text(treatment_state(episodes, day))


def treatment_page(patient: Any) -> TreatmentPage:
    """The drugs of a patient, the first one first."""
    place, can_record = address(patient), may(Permission.RECORD_COURSE, patient)
    episodes = exposures_of(db.session, patient.study_id, patient.id)
    return TreatmentPage(
        code=patient.code,
        patient_url=url_for("nurse.patient", **place),
        url=url_for("nurse.treatment", **place),
        state=state_on(episodes, today_at(current_app.extensions["clock"], patient.site.timezone)),
        rows=tuple(_row(each, patient, can_record=can_record) for each in episodes),
        undone=tuple(_row(each, patient) for each in undone_exposures(db.session, patient)),
        new_url=url_for("nurse.record_drug", **place) if can_record else None,
        done=str(step_words.DONE.get(request.args.get("done", ""), "")),
    )


def drug_page(patient: Any, heading: str, url: str, *, stopped: Any = None) -> DrugPage:
    """The form of a drug; with an episode, the form of its stop or of its undoing."""
    place = address(patient)
    return DrugPage(
        code=patient.code,
        heading=heading,
        patient_url=url_for("nurse.patient", **place),
        back_url=url_for("nurse.treatment", **place),
        url=url,
        is_stop=stopped is not None,
        facts=_facts(stopped) if stopped is not None else (),
    )


def held(episode: Any) -> dict[str, Any]:
    """What the form of a correction shows first."""
    is_known = episode.drug in DRUGS and episode.drug != OTHER_DRUG
    return {
        "which": episode.drug if is_known else OTHER_DRUG,
        "drug": "" if is_known else episode.drug,
        "started_on": episode.started_on,
        "stopped_on": episode.stopped_on,
        "stop_reason": episode.stop_reason or "",
    }


def drug_text(drug: str) -> str:
    """The name of a drug with a capital."""
    return drug[:1].upper() + drug[1:]


def _facts(episode: Any) -> tuple[Fact, ...]:
    return (
        Fact(name=translate("Drug"), value=drug_text(episode.drug)),
        Fact(name=translate("First day with the drug"), value=day_text(episode.started_on, "full")),
    )


def _row(episode: Any, patient: Any, *, can_record: bool = False) -> EpisodeRow:
    where = {**address(patient), "number": episode.id}
    goes_on = episode.stopped_on is None
    return EpisodeRow(
        drug=drug_text(episode.drug),
        started=day_text(episode.started_on, "medium"),
        stopped="" if goes_on else day_text(episode.stopped_on, "medium"),
        reason=str(STOP_REASONS.get(episode.stop_reason or "", "")),
        stop_url=url_for("nurse.stop_drug", **where) if can_record and goes_on else None,
        change_url=url_for("nurse.correct_drug", **where) if can_record else None,
        undo_url=url_for("nurse.undo_drug", **where) if can_record else None,
        undone=day_of(episode.undone_at, patient.site.timezone),
        undone_reason=episode.undone_reason or "",
    )
