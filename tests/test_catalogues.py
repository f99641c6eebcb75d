"""Everything that people read is translated, and the catalogues match the code."""

from __future__ import annotations

import pickle

import pytest

from justclick_async.messages import Message, _, languages, ngettext
from tests.catalogues import DOMAINS, extracted, problems


@pytest.mark.parametrize("domain", DOMAINS)
def test_catalogues_are_complete_and_match_the_code(domain: str) -> None:
    assert [p for language in languages()[1:] for p in problems(domain, language)] == []


def test_texts_of_templates_are_extracted() -> None:
    texts = [message.id for message in extracted("sandbox")]
    assert "Payment page" in texts
    assert ("active fault", "active faults") in texts


def test_a_message_is_its_text_in_english() -> None:
    assert _("{one} and {two}", one=1, two="b") == "1 and b"
    assert ngettext("{count} row", "{count} rows", 1) == "1 row"
    assert ngettext("{count} row of {all}", "{count} rows of {all}", 0, all=5) == "0 rows of 5"


def test_a_message_without_a_translation_is_shown_in_english() -> None:
    assert _("{one} is not in any catalogue", one=_("nor this")).in_("ru") == (
        "nor this is not in any catalogue"
    )
    assert _("neither").in_("xx") == "neither"


def test_values_from_outside_are_visible_and_without_passwords() -> None:
    assert _("{path}", path="\x1b[2J http://user:secret@host").in_("ru") == (r"\x1b[2J http://host")


def test_a_message_survives_pickling() -> None:
    message = ngettext("{count} row of {all}", "{count} rows of {all}", 2, all=_("five"))
    copy = pickle.loads(pickle.dumps(message))
    assert (copy, copy.template, copy.plural) == (message, message.template, message.plural)
    assert isinstance(copy.values["all"], Message)
