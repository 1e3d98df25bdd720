"""Texts in templates: in the page's language, and escaped as everything else is."""

import pytest
from flask import Flask, render_template_string

from app.i18n import speaking


def test_what_stands_in_a_text_is_escaped_and_the_text_is_not(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        said = render_template_string("{{ _('For a question, your hospital: %(site)s', site='<b>') }}")
        assert said == "For a question, your hospital: &lt;b&gt;"


@pytest.mark.parametrize(("number", "said"), [(1, "1 question"), (2, "2 questions")])
def test_a_count_chooses_its_form(app: Flask, number: int, said: str) -> None:
    with app.test_request_context("/?lang=en"):
        text = "{{ ngettext('%(num)s question', '%(num)s questions', number) }}"
        assert render_template_string(text, number=number) == said


def test_other_values_stand_in_a_count_escaped(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        text = "{{ ngettext('%(num)s of %(search)s', '%(num)s of %(search)s', 3, search='<i>') }}"
        assert render_template_string(text) == "3 of &lt;i&gt;"


def test_templates_follow_the_language_that_is_spoken(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        before = render_template_string("{{ _('Questions') }}, {{ _('Back') }}")
        with speaking("fr"):
            assert render_template_string("{{ _('Back') }}") == "Retour"
        assert before == "Questions, Back"
        assert render_template_string("{{ _('Back') }}") == "Back"
