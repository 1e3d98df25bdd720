"""Every screen and state that a patient meets, in the order of the dossier, and how a phone gets there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.services.questionnaires import REPORT, Question
from scripts.dossier import states
from scripts.dossier.phone import Phone
from scripts.dossier.study import ScratchStudy
from scripts.dossier.words import KINDS, PARTS, STATES, Text, code_name


@dataclass(frozen=True)
class Screen:
    """One screen.

    name: by language; of an item, what follows the line that stands above it on the page.
    shows: what is in sight once it is reached.
    """

    id: str
    part: Text
    name: Text
    reach: Callable[[Phone], object]
    shows: str
    is_item: bool = False

    @property
    def is_in_all_languages(self) -> bool:
        """Whether the page speaks to everybody at once: without a network nobody knows to whom."""
        return self.id == "no-network"

    def title(self, language: str, heading: str) -> str:
        """What its page in the dossier is called."""
        if not self.is_item:
            return self.name[language]
        name = self.name.get(language)
        return f"{heading}, {name}" if name else heading


class UnknownScreenError(Exception):
    """Screens were asked for that there are not."""

    def __init__(self, unknown: list[str], known: list[str]) -> None:
        super().__init__(f"no such screen: {', '.join(unknown)}; there are: {', '.join(known)}")
        self.unknown = unknown


def screens_of(study: ScratchStudy, only: list[str] | None = None) -> list[Screen]:
    """All screens of a study in their order, or some of them. Raises UnknownScreenError."""
    found = list(_screens(study))
    if only is None:
        return found
    known = [each.id for each in found]
    if unknown := [each for each in only if each not in known]:
        raise UnknownScreenError(unknown, known)
    return [each for each in found if each.id in only]


def _screens(study: ScratchStudy) -> Iterator[Screen]:
    surveys = study.surveys()
    main = states.Survey(study, surveys[0])
    yield from _states("before", states.before(main))
    seen: set[str] = set()
    for codes in surveys:
        for code in codes:
            if code not in seen:
                yield from _items(study, code, codes)
        seen.update(codes)
    yield from _states("states", states.answering(main))
    yield from _states("sending", states.sending(main))
    yield from _states("ward", states.on_ward(main))
    if study.definition.symptoms:
        yield from _states("personal", states.personal())
        yield from _items(study, REPORT, (REPORT,))
        yield from _states(REPORT, states.reporting(study.questionnaire(REPORT)))


def _states(part: str, found: states.States) -> Iterator[Screen]:
    for name, (reach, shows) in found.items():
        yield Screen(name, PARTS[part], STATES[name], reach, shows)


def _items(study: ScratchStudy, code: str, codes: tuple[str, ...]) -> Iterator[Screen]:
    prefix = f"{REPORT}-" if code == REPORT else ""
    for question in study.questionnaire(code).questions:
        name = KINDS.get(question.kind, {})
        yield Screen(
            prefix + question.id,
            code_name(code),
            name,
            _stepping(question, codes),
            f"#{question.id}",
            is_item=True,
        )


def _stepping(question: Question, codes: tuple[str, ...]) -> Callable[[Phone], None]:
    def reach(phone: Phone) -> None:
        phone.be_in(codes)
        phone.step(question.id)

    return reach
