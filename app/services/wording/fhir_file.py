"""Wording from a FHIR R4 Questionnaire in JSON.

item.linkId is the id and item.text its text; the answerOption of an item (valueCoding with code and display,
or valueInteger) gives the labels of its kind of answer; title and description are the title and the
instructions. A group holds items, and gives a text where its linkId is an id, such as recall.week.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from app.services.wording.faults import Content, Entry, Fault, RefusedFileError, Unit, shown
from app.services.wording.slots import Slot

MOST_ITEMS = 2000
HEAD = {"title": "title", "instructions": "description"}
Found = tuple[str, dict[str, Any]]


def read_fhir(source: bytes, slots: Sequence[Slot], language: str) -> Content:
    """The texts of a Questionnaire; RefusedFileError where it is none, or in another language."""
    resource = _parsed(source)
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if kind != "Questionnaire":
        raise RefusedFileError([_fault("resourceType", "no_questionnaire", found=shown(kind or "–"))])
    content = Content()
    found = str(resource.get("language", ""))
    if found.split("-")[0] != language:
        facts = {"found": shown(found) or "–", "expected": language}
        content.faults.append(_fault("language", "other_language", **facts))
    for id_, name in HEAD.items():
        if name in resource:
            content.entries.append(Entry(Unit.PATH, name, id_, _text(resource[name])))
    labels: dict[str, Entry] = {}
    by_id = {slot.id: slot for slot in slots}
    for path, item in _items(content, resource.get("item"), ""):
        _take(content, labels, by_id, slots, path, item)
    content.entries += labels.values()
    return content


def _parsed(source: bytes) -> Any:
    try:
        resource = json.loads(source.decode("utf-8-sig"))
        # Half of a pair that stands for one sign could be written to no page and no database.
        json.dumps(resource, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        line = 1 + source.count(b"\n", 0, error.start)
        raise RefusedFileError([Fault(Unit.LINE, str(line), "no_utf8")]) from None
    except json.JSONDecodeError as error:
        fault = Fault(Unit.LINE, str(error.lineno), "broken_json", {"column": error.colno})
        raise RefusedFileError([fault]) from None
    except (RecursionError, UnicodeEncodeError, ValueError):
        raise RefusedFileError([Fault(Unit.LINE, "1", "broken_json", {"column": 1})]) from None
    return resource


def _items(content: Content, items: Any, above: str) -> Iterator[Found]:
    """Each item, those within groups included, with its path."""
    place = f"{above}item"
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        content.faults.append(_fault(place, "no_list"))
        return
    for number, item in enumerate(items):
        path = f"{place}[{number}]"
        if len(content.entries) > MOST_ITEMS:
            raise RefusedFileError([_fault(path, "too_long_file", most=MOST_ITEMS)])
        yield path, item
        if "item" in item:
            yield from _items(content, item["item"], f"{path}.")


def _take(
    content: Content,
    labels: dict[str, Entry],
    by_id: dict[str, Slot],
    slots: Sequence[Slot],
    path: str,
    item: dict[str, Any],
) -> None:
    id_ = shown(str(item.get("linkId", "")).strip())
    at = f"{path} ({id_})" if id_ else path
    if item.get("type") == "group" and id_ not in by_id:
        return
    content.entries.append(Entry(Unit.PATH, at, id_, _text(item.get("text"))))
    slot = by_id.get(id_)
    if slot is not None and slot.kind == "question" and "answerOption" in item:
        _take_labels(content, labels, slots, slot, at, item["answerOption"])


def _take_labels(
    content: Content, labels: dict[str, Entry], slots: Sequence[Slot], slot: Slot, at: str, options: Any
) -> None:
    """The labels of an item's answers; every item of one kind of answer has the same."""
    if not isinstance(options, list) or not all(isinstance(each, dict) for each in options):
        content.faults.append(_fault(f"{at}.answerOption", "no_list"))
        return
    answers = [_answer(option) for option in options]
    expected = [str(code) for code in slot.codes]
    if [code for code, _ in answers] != expected:
        facts = {"found": shown(", ".join(code for code, _ in answers)), "expected": ", ".join(expected)}
        content.faults.append(_fault(f"{at}.answerOption", "answer_codes", **facts))
        return
    needed = {each.id for each in slots}
    for number, (code, text) in enumerate(answers):
        label = Entry(Unit.PATH, f"{at}.answerOption[{number}]", f"{slot.answer}.{code}", text)
        if label.id not in needed and text in {"", code}:
            # A bare number needs no words.
            continue
        first = labels.setdefault(label.id, label)
        if first.text != label.text:
            content.faults.append(label.fault("label_differs", first=first.at))


def _answer(option: dict[str, Any]) -> tuple[str, str]:
    """The code and the label of an answer."""
    coding = option.get("valueCoding")
    if isinstance(coding, dict):
        return shown(coding.get("code", "")), _text(coding.get("display"))
    number = option.get("valueInteger")
    return (str(number), "") if type(number) is int else (shown(option.get("valueString", "")), "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _fault(path: str, rule: str, **facts: Any) -> Fault:
    return Fault(Unit.PATH, path, rule, facts)
