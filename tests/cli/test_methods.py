"""Every method of the service from the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from justclick_async.cli.commands import app
from justclick_async.cli.methods import command_name, commands
from justclick_async.endpoints import V1, V2
from justclick_async.faces import endpoint
from tests.cli.command import run

COMMANDS = {(area, name): described for area, name, described in commands()}


def asked(*words: str) -> Any:
    ran = run(*words, "--sandbox", "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["result"]


def test_every_endpoint_has_a_command() -> None:
    methods = {
        (table is V2, command_name(name))
        for table in (V1, V2)
        for name, member in vars(table).items()
        if isinstance(member, endpoint) and name != "call"
    }
    assert {(area == "v2", name) for area, name in COMMANDS} == methods
    assert len(methods) == 29


@pytest.mark.parametrize(("area", "name"), COMMANDS)
def test_every_command_offers_and_explains_every_argument(area: str, name: str) -> None:
    from inspect import signature

    command = app[area][name].default_command
    assert command is not None
    offered = signature(command).parameters
    for argument in signature(COMMANDS[area, name].describe).parameters:
        spread = {"order": "first_name", "settings": "publish", "utm": "utm_medium"}
        option = spread.get(argument, argument)
        assert option in offered
        assert f"    {option}: " in (command.__doc__ or "")


def test_results_are_tables_for_people_and_json_for_machines() -> None:
    shown = run("goods", "get-all-goods", "--sandbox")
    assert shown.code == 0
    header, first, *_ = shown.out.splitlines()
    assert header.split() == ["good_id", "good_name", "good_title", "good_sum", "good_type"]
    assert "payment" in first
    assert {"good_id", "good_name", "good_sum"} <= asked("goods", "get-all-goods")[0].keys()
    assert asked("goods", "get-all-goods")[0]["good_sum"] == "3900.00"


def test_lists_dates_flags_and_marks_are_options() -> None:
    joined = asked(
        *("contacts", "add-lead-to-group", "a@example.com", "super", "second"),
        *("--name", "Анна", "--activation", "--utm-medium", "cpc"),
    )
    assert joined["waits_for_activation"] is True
    period = ("--begin", "2020-01-01", "--end", "31.05.2020", "--paid", "--goods", "5", "6")
    assert asked("orders", "get-orders-with-goods", *period) == []
    assert asked("contacts", "get-count-subscribe", "all") == 0
    made = asked(
        *("orders", "create-order", "--email", "a@example.com", "--goods", "invoice:1, sales"),
        *("--timer-kill", "false", "--created", "2024-05-17 14:30", "--utm-aff-term", "x"),
    )
    assert made["bill_id"] > 0
    sold = ("--type", "real", "--title", "Курс", "--price", "10", "--no-publish")
    assert asked("goods", "add-good", "kurs", *sold, "--only-countries", "RUS", "UKR") is None
    assert asked("v2", "add-update-lead", "--lead-email", "a@b.ru", "--add-tags", "x", "y") is None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("orders", "get-order-details", "5"), 1),
        (("orders", "get-order-details"), 2),
        (("orders", "get-orders-with-goods", "--begin", "soon"), 2),
        (("orders", "update-order-status", "5", "shipped"), 2),
        (("goods", "add-good", "x", "--type", "soft", "--title", "x", "--price", "1"), 2),
        (("goods", "update-good", "x"), 2),
    ],
)
def test_what_goes_wrong_is_said_without_a_traceback(words: tuple[str, ...], code: int) -> None:
    ran = run(*words, "--sandbox")
    assert ran.code == code
    assert ran.err.startswith("Error: ")
    assert "Traceback" not in ran.err
