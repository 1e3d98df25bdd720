"""What the demonstration's commands print: for people, and for programs."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import segno

from app.services.demo.links import FLOOR, OpenLink
from app.services.demo.staff import staff_accounts
from app.services.tokens import DemonstrationTokens
from app.settings import Settings

LANGUAGE_NAMES = {"fr": "French", "en": "English"}


def document(settings: Settings, tokens: DemonstrationTokens, links: Sequence[OpenLink]) -> dict[str, Any]:
    """The accounts and the open links, as programs outside rely on them."""
    return {
        "base_url": settings.public_url,
        "staff": [
            {"role": each.role, "site": each.site, "email": each.email, "password": each.password}
            for each in staff_accounts(tokens)
        ],
        "patients": [
            {
                "code": each.code,
                "site": each.site,
                "arm": each.arm,
                "language": each.language,
                "visit": each.visit,
                "link": address(settings, each),
            }
            for each in links
        ],
    }


def overview(code: str, patients: int, visits: Mapping[str, int], links: Sequence[OpenLink]) -> str:
    """How much there is of everything."""
    lines = [f"{code}: {patients} synthetic patients"]
    lines += [f"  {state.replace('_', ' '):18}{count:5} visits" for state, count in sorted(visits.items())]
    lines += [f"  {'open links':18}{len(links):5} (at least {FLOOR} in each language)"]
    return "\n".join(lines)


def ways_in(
    settings: Settings, tokens: DemonstrationTokens, links: Sequence[OpenLink], *, with_qr: bool = False
) -> str:
    """The accounts, and one patient's link in each language."""
    return "\n".join(["", *_account_lines(tokens), "", *_link_lines(settings, links, with_qr=with_qr)])


def welcome(settings: Settings, tokens: DemonstrationTokens, links: Sequence[OpenLink]) -> str:
    """What is shown when the server starts: how to get in, where, and how to stop."""
    where = f"Open {settings.public_url}/login as staff, or a patient's link. Stop with Ctrl+C."
    return f"{ways_in(settings, tokens, links, with_qr=True)}\n{where}"


def address(settings: Settings, link: OpenLink) -> str:
    """The whole address of a link."""
    return f"{settings.public_url}/l/{link.token}"


def _account_lines(tokens: DemonstrationTokens) -> Iterator[str]:
    yield f"{'role':15}{'site':6}{'e-mail':32}password"
    for each in staff_accounts(tokens):
        yield f"{each.role:15}{each.site or 'all':6}{each.email:32}{each.password}"


def _link_lines(settings: Settings, links: Sequence[OpenLink], *, with_qr: bool) -> Iterator[str]:
    first = {each.language: each for each in reversed(links)}
    for language, name in LANGUAGE_NAMES.items():
        if link := first.get(language):
            yield f"A patient's link in {name} ({link.code}, {link.visit}):"
            yield f"  {address(settings, link)}"
            if with_qr:
                yield _drawing(address(settings, link))


def _drawing(text: str) -> str:
    canvas = io.StringIO()
    segno.make_qr(text, error="l").terminal(canvas, compact=True)
    return canvas.getvalue()
