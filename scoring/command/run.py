"""One run of the command: piece by piece from a file of questionnaires to a file with their scores."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from scoring.command import cells
from scoring.command.faults import Faults, bad_cells, fault_frame, open_faults, without_identity
from scoring.command.identity import OWN, Identities
from scoring.command.parts import input_file, whole_file
from scoring.command.problems import FileError, library
from scoring.command.progress import Progress
from scoring.command.reading import Source, open_source
from scoring.command.summary import Summary
from scoring.command.writing import Write, open_target
from scoring.errors import MissingColumnError, TakenColumnError
from scoring.instrument import Instrument
from scoring.score import score_frame


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done: files as they were named, "-" for the standard ones; suffixes with their point.

    `errors` names the table of bad cells; None: the first one stops the run.
    """

    instrument: Instrument
    source: str
    source_suffix: str
    target: str
    target_suffix: str
    separator: str | None
    columns: Mapping[str, str]
    identity: tuple[str, ...]
    missing: cells.Missing
    errors: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows were scored, how many faults were found, and the summary."""

    rows: int
    faults: int
    summary: Summary


def run(job: Job, progress: Progress) -> Outcome:
    """Does the job. ScoringError or OSError when it cannot; then no file is written or changed."""
    with ExitStack() as stack:
        path = stack.enter_context(input_file(job.source))
        codes = set(job.columns.values()) - set(job.identity)
        source = open_source(path, job.source_suffix, job.separator, codes)
        _check_columns(job, source)
        output = stack.enter_context(whole_file(job.target))
        table = stack.enter_context(whole_file(job.errors)) if job.errors else None
        faults = stack.enter_context(open_faults(table, job.errors or ""))
        write = stack.enter_context(open_target(output, job.target, job.target_suffix, job.separator))
        scorer = Scorer(job, faults)
        _score_pieces(scorer, source, write, progress)
        scorer.check_identities(source)
        return Outcome(scorer.rows, faults.count, scorer.summary)


class Scorer:
    """Scores one piece after the other and keeps what has to be known of the earlier ones."""

    def __init__(self, job: Job, faults: Faults) -> None:
        self.rows = 0
        self.summary = Summary(job.instrument)
        self._job = job
        self._faults = faults
        self._identities = Identities(job.identity)

    def score(self, frame: Any) -> Any:
        """The piece with its scores; bad cells go to the faults and are blank."""
        job = self._job
        answers = cells.read_answers(frame, job.instrument, job.columns, job.missing)
        identities = self._identities.of(frame) if job.identity else None
        if identities is not None:
            self._identities.add(identities)
            self._faults.add(without_identity(identities, self._identity, self.rows + 1))
        if rows := cells.bad_rows(answers, job.instrument):
            bad = bad_cells(frame, identities, rows, job.instrument, job.columns, self.rows + 1)
            self._faults.add(bad)
            answers = cells.without_bad(answers, job.instrument)
        scores = score_frame(answers, job.instrument).drop(answers.columns)
        self.summary.add(scores)
        self.rows += frame.height
        return cells.put_back(frame, answers, job.columns).hstack(scores)

    def check_identities(self, source: Source) -> None:
        """Adds each row to the faults whose identity is that of an earlier row."""
        if not self._job.identity:
            return
        for row, identity, first in self._identities.repeated(source.pieces(self._job.identity)):
            expected = f"{OWN}: row {first} has it"
            self._faults.add(fault_frame([(row, identity, self._identity, identity, expected)]))

    @property
    def _identity(self) -> str:
        return " / ".join(self._job.identity)


def _check_columns(job: Job, source: Source) -> None:
    if len(source.columns) == 1:
        raise FileError(str(source.path), "there is one column only; is the --separator right?")
    wanted = (*job.columns.values(), *job.identity)
    if missing := tuple(name for name in wanted if name not in source.columns):
        raise MissingColumnError(missing)
    results = _result_names(job.instrument)
    if taken := tuple(name for name in source.columns if name in results):
        raise TakenColumnError(taken)


def _result_names(instrument: Instrument) -> list[str]:
    polars = library("polars")
    empty = polars.DataFrame(schema={item.id: polars.Int8 for item in instrument.items})
    return [str(name) for name in score_frame(empty, instrument).columns[len(instrument.items) :]]


def _score_pieces(scorer: Scorer, source: Source, write: Write, progress: Progress) -> None:
    """One piece is written while the next is read and scored."""
    with ThreadPoolExecutor(1) as pool:
        writing: Future[None] | None = None
        for frame in source.pieces(source.columns):
            scored = scorer.score(frame)
            if writing:
                writing.result()
            writing = pool.submit(write, scored)
            progress.show(scorer.rows)
        if not writing:
            raise FileError(str(source.path), "there is no row below the header")
        writing.result()
