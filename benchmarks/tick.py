"""python -m benchmarks.tick: one tick over 5,000 patients with 1,000 reminders due, to a real SMTP server."""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy.orm import Session

from app.models import Study
from app.services import patients, studies
from app.services.definition import StudyDefinition
from tests import factories as make
from tests.conftest import CONTACT_KEYS, NOW
from tests.hospital import Hospital
from tests.live import Live, live_database
from tests.postgres import NoPostgresError
from tests.receivers import mail_receiver, sms_receiver

PATIENTS, DUE = 5000, 1000
MOST_SECONDS, MOST_GROWTH_MB = 20.0, 30.0
TOGETHER = 250


def main() -> int:
    """Measures on each database; 1 when it took too long, too much memory or sent anything but once."""
    options = _options()
    outcomes = []
    for kind in ("sqlite", "postgresql") if options.database == "both" else (options.database,):
        try:
            with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
                outcomes.append(measure(kind, Path(folder), options.patients, options.due))
        except NoPostgresError as error:
            print(f"{kind}: not measured: {error}")
            outcomes.append(options.database == "both")
    return 0 if all(outcomes) else 1


def measure(kind: str, folder: Path, count: int, due: int) -> bool:
    """One tick on a filled database; whether all was well."""
    with (
        live_database(kind, folder, "benchmark") as live,
        mail_receiver() as mailbox,
        sms_receiver() as gateway,
    ):
        live.clock.set(NOW)
        fill(live, count, due)
        hospital = Hospital(live, mailbox, gateway)
        before, began, busy = _memory_mb(), time.perf_counter(), time.thread_time()
        counts = hospital.tick()
        seconds, growth = time.perf_counter() - began, _memory_mb() - before
        busy = time.thread_time() - busy
        began = time.perf_counter()
        again = hospital.tick()
        idle = time.perf_counter() - began
    once = len(mailbox.recipients()) == due and set(mailbox.recipients().values()) == {1}
    is_well = once and seconds < MOST_SECONDS and growth < MOST_GROWTH_MB and not again
    print(
        f"{kind:11} {count} patients, {counts['sent']} reminders: {seconds:.1f} s (at most {MOST_SECONDS:g}),"
        f" {busy:.1f} s of it its own CPU,"
        f" {growth:.0f} MB more (at most {MOST_GROWTH_MB:g}), each once: {once}; nothing due: {idle:.2f} s"
    )
    return is_well


def fill(live: Live, count: int, due: int) -> None:
    """Patients whose initial visit is open; the first `due` of them can be written to."""
    with live.session() as session:
        study = studies.find_study(session, "GIST-IMA")
        definition = studies.definition_in_force(session, study)
    places = ((f"{site:02}-{number:03}") for number in range(1, 1000) for site in (1, 2, 3, 4, 7))
    for first in range(0, count, TOGETHER):
        with live.session() as session:
            for number, code in zip(range(first, min(first + TOGETHER, count)), places, strict=False):
                add_patient(live, session, study, definition, code, is_due=number < due)
            session.commit()
        print(f"{min(first + TOGETHER, count)} of {count} patients", file=sys.stderr, flush=True)


def add_patient(
    live: Live, session: Session, study: Study, definition: StudyDefinition, code: str, *, is_due: bool
) -> None:
    """A patient who consented today."""
    site = make.get_site(session, study, code.split("-")[0])
    registration = patients.Registration(code, NOW.date(), "fr")
    patient = patients.register_patient(session, live.clock, definition, site, registration)
    if is_due:
        facts = {"email": f"p{patient.id}@patients.example", "channel": "email"}
        make.keep_contact(session, live.clock, patient, CONTACT_KEYS, **facts)


def _memory_mb() -> float:
    """The most that this process has held in memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["both", "sqlite", "postgresql"], default="both")
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--due", type=int, default=DUE)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
