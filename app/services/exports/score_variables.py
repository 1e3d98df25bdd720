"""The variables of answers and scores, made from an instrument's structure: items go by number and scale."""

from collections.abc import Iterator

from app.services.exports.variable import Kind, Variable
from scoring import Instrument, Item, Scale, Summary

NO_ANSWERS = "no form received or partial"
NO_SCORE = f"{NO_ANSWERS}, or fewer items answered than the score needs"
BETTER = {
    "higher": ("élevé = favorable", "higher is better"),
    "lower": ("élevé = défavorable", "higher is worse"),
}
# Lists of items: name, French and English label, what makes an item belong there.
LISTS = (
    (
        "items_skipped",
        "Questions passées sans réponse",
        "Items skipped",
        "items that the patient chose to skip",
    ),
    (
        "items_erased",
        "Questions dont la réponse a été effacée",
        "Items erased",
        "items whose answer was taken back",
    ),
    (
        "items_not_reached",
        "Questions non atteintes",
        "Items not reached",
        "items that the patient never came to",
    ),
)


def item_variables(instrument: Instrument) -> Iterator[Variable]:
    """One variable for each item, its code as answered."""
    scale_of = {item: scale for scale in instrument.scales for item in scale.items}
    for item in instrument.items:
        yield _item_variable(item, scale_of[item.id])


def answer_variables(instrument: Instrument) -> Iterator[Variable]:
    """Why items have no code, and how many have one: each item is in one of the lists or answered."""
    for name, fr, en, derivation in LISTS:
        detail = f"{derivation}, separated by a space"
        yield Variable(name, Kind.TEXT, fr, en, detail, missing=f"none, or {NO_ANSWERS}")
    yield Variable(
        "items_answered",
        Kind.INTEGER,
        "Nombre de questions renseignées",
        "Number of items answered",
        "items with a code",
        range=f"0-{len(instrument.items)}",
        missing=NO_ANSWERS,
    )
    yield Variable(
        "items_as_sent",
        Kind.TEXT,
        "Réponses envoyées que des corrections remplacent",
        "Answers as sent, where corrections replace them",
        "item=code as the patient sent it, nothing after = for no answer, separated by a space",
        missing=f"no answer differs from what was sent, or {NO_ANSWERS}",
    )


def scale_variables(instrument: Instrument) -> Iterator[Variable]:
    """The score of each scale and of the summary, each followed by the number of items answered."""
    for scale in instrument.scales:
        yield _score_variable(scale, _formula(scale))
        yield _count_variable(scale, len(scale.items))
    if summary := instrument.summary:
        members = [instrument.scale(code) for code in summary.scales]
        yield _score_variable(summary, _mean(summary, members))
        yield _count_variable(summary, sum(len(scale.items) for scale in members))
    source = f"release of the scoring rules; they follow {instrument.sources['scoring']}"
    fr, en = "Version des règles de calcul des scores", "Version of the scorer"
    yield Variable("scorer_version", Kind.TEXT, fr, en, source, missing=NO_ANSWERS)


def _item_variable(item: Item, scale: Scale) -> Variable:
    least, most = ("worst", "best") if scale.kind == "global" else ("least", "most")
    return Variable(
        item.id,
        Kind.INTEGER,
        f"Question {item.number} ({scale.names['fr']})",
        f"Item {item.number} ({scale.names['en']})",
        f"code of the answer, in the wording that wording_status names; part of {scale.code}",
        f"{item.lowest} = {least}; {item.highest} = {most}",
        f"{item.lowest}-{item.highest}",
        f"{NO_ANSWERS}, or listed in items_skipped, items_erased or items_not_reached",
    )


def _score_variable(scale: Scale | Summary, derivation: str) -> Variable:
    fr, en = BETTER[scale.better]
    return Variable(
        scale.code,
        Kind.NUMBER,
        f"{scale.names['fr']}, 0-100, {fr}",
        f"{scale.names['en']}, 0-100, {en}",
        f"{derivation}; not rounded",
        range="0-100",
        missing=NO_SCORE,
    )


def _count_variable(scale: Scale | Summary, items: int) -> Variable:
    return Variable(
        f"{scale.code}_n",
        Kind.INTEGER,
        f"{scale.names['fr']}, nombre de questions renseignées",
        f"{scale.names['en']}, number of items answered",
        f"items of {scale.code} with a code",
        range=f"0-{items}",
        missing=NO_ANSWERS,
    )


def _formula(scale: Scale) -> str:
    lowest, span = scale.lowest, scale.highest - scale.lowest
    share = f"(mean - {lowest}) / {span}"
    points = f"(1 - {share}) * 100" if scale.reversed else f"{share} * 100"
    return (
        f"{points}, mean of the items answered among {' '.join(scale.items)}; "
        f"needs {scale.fewest} of {len(scale.items)}"
    )


def _mean(summary: Summary, members: list[Scale]) -> str:
    terms = [scale.code if scale.better == summary.better else f"(100 - {scale.code})" for scale in members]
    return f"mean of {', '.join(terms)}; needs all of them; {summary.source}"
