"""The command's options and its exit codes."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import PurePath

from scoring.command.cells import Missing, read_missing
from scoring.command.columns import item_columns
from scoring.command.parts import STANDARD
from scoring.command.problems import CellError, OptionError
from scoring.command.progress import Progress
from scoring.command.reading import SUFFIXES
from scoring.command.run import Job, Outcome, run
from scoring.errors import MissingColumnError, ScoringError, TakenColumnError, UnknownInstrumentError
from scoring.instrument import load_instrument

REFUSED = 2
DESCRIPTION = "Score the questionnaires in a file: one a row, one column an item."
NOTES = """\
files        by suffix: {suffixes}; - is CSV on standard input or output.
             CSV and TSV are UTF-8. CSV, TSV and Parquet may be larger than memory.
output       all columns of IN, then the scores (0-100, not rounded, empty where too little was
             answered), the number of items answered of each (CODE_n) and in all (items_answered).
             In the columns of items, missing answers are empty and codes are whole numbers.
missing      an empty cell, one of spaces, and what --missing names. In Parquet, .sav, .dta and
             .xlsx also null and NaN, and the missing values that SPSS or Stata declare. Texts such
             as NA, nan or . are refused, unless --missing names them.
refused      cells that are no code of their item, rows without an identity or with that of an
             earlier row, rows too short or too long. One line on standard error names row (counted
             from 1 below the header), column and value; no file is written or changed; exit code 2.
instruments  {instruments}

examples
  python -m scoring qlq-c30 answers.csv -o scores.csv --id patient --id visit --summary
  python -m scoring qlq-c30 trial.sav -o scores.parquet --items Q{{n}} --missing 9,99
  python -m scoring qlq-c30 answers.csv -o scores.csv --map q29=health,q30=life --on-error flag
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command: 0 when all is well, 2 with one line on standard error when something is refused."""
    options = _parser().parse_args(arguments)
    progress = Progress(options.progress)
    try:
        outcome = run(_job(options), progress)
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ScoringError, OSError) as error:
        progress.clear()
        sys.stderr.write(f"scoring: {_message(error, options.source)}\n")
        return REFUSED
    progress.clear()
    _report(outcome, options)
    return 0


def _report(outcome: Outcome, options: Namespace) -> None:
    if outcome.faults:
        sys.stderr.write(f"scoring: {outcome.faults} faults, listed in {_errors(options)}\n")
    if options.summary:
        output = sys.stderr if options.output == STANDARD else sys.stdout
        output.write(outcome.summary.table())


def _message(error: Exception, source: str) -> str:
    if isinstance(error, UnknownInstrumentError):
        return f"{error}; there are: {', '.join(instrument_codes())}"
    if isinstance(error, OSError):
        return f"{error.filename or source}: {error.strerror or error}"
    if isinstance(error, CellError | MissingColumnError | TakenColumnError):
        return f"{'standard input' if source == STANDARD else source}: {error}"
    return str(error)


def instrument_codes() -> list[str]:
    """The instruments that the package describes."""
    folder = files("scoring") / "instruments"
    return sorted(PurePath(file.name).stem for file in folder.iterdir() if file.name.endswith(".toml"))


def _job(options: Namespace) -> Job:
    instrument = load_instrument(options.instrument)
    return Job(
        instrument=instrument,
        source=options.source,
        source_suffix=_suffix(options.source),
        target=options.output,
        target_suffix=_suffix(options.output),
        separator=_separator(options.separator),
        columns=item_columns(instrument, options.items, options.map),
        identity=tuple(dict.fromkeys(options.id)),
        missing=read_missing(options.missing) if options.missing else Missing(),
        errors=_errors(options),
    )


def _errors(options: Namespace) -> str | None:
    if options.on_error == "stop":
        return None
    if options.errors:
        return str(options.errors)
    if options.output == STANDARD:
        raise OptionError("--on-error flag with -o - needs --errors FILE")
    return f"{options.output}.errors.csv"


def _suffix(name: str) -> str:
    suffix = ".csv" if name == STANDARD else PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise OptionError(f"{name}: the suffix is none of {' '.join(SUFFIXES)}")
    return suffix


def _separator(text: str | None) -> str | None:
    if text is not None and (len(text) != 1 or not text.isascii() or text in '"\r\n'):
        raise OptionError(f"--separator: {text!r} is not one ASCII character")
    return text


def _parser() -> ArgumentParser:
    notes = NOTES.format(suffixes=" ".join(SUFFIXES), instruments=", ".join(instrument_codes()))
    parser = ArgumentParser(
        "python -m scoring",
        description=DESCRIPTION,
        epilog=notes,
        formatter_class=RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("instrument", help="code of the instrument, such as qlq-c30")
    add("source", metavar="IN", help="file of questionnaires")
    add("-o", "--output", metavar="OUT", default=STANDARD, help="file with scores (default: -)")
    add("--items", metavar="PATTERN", default="q{n:02}", help="columns by number of item (default: q{n:02})")
    add("--map", metavar="FILE|ITEM=COLUMN,…", help="columns by item; in a FILE one ITEM=COLUMN a line")
    add(
        "--id", metavar="COLUMN", action="append", default=[], help="column that names a row; may be repeated"
    )
    add("--missing", metavar="SIGN,…", help="what stands for a missing answer, such as 9,99 or NA")
    add("--separator", metavar="CHARACTER", help="between cells of CSV and TSV, in and out, such as ;")
    add("--on-error", choices=("stop", "flag"), default="stop", help="flag: blank bad cells and list them")
    add("--errors", metavar="FILE", help="where flag lists them, as CSV (default: OUT.errors.csv)")
    add("--summary", action="store_true", help="print means, SDs and numbers of the scores")
    add("--progress", action="store_true", help="say how far it has come, even when not on a terminal")
    return parser
