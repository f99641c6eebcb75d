"""Every method of the service from the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from justclick_async.cli.commands import app
from justclick_async.cli.methods import command_name, commands
from justclick_async.decorators import endpoint
from justclick_async.endpoints import V1, V2
from tests.cli.command import environment, run, service

COMMANDS = {(area, name): described for area, name, described in commands()}


def asked(*words: str) -> Any:
    ran = run(*words, "--sandbox", "--output", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_every_endpoint_has_a_command() -> None:
    methods = {
        (table is V2, command_name(name))
        for table in (V1, V2)
        for name, member in vars(table).items()
        if isinstance(member, endpoint) and name != "call"
    }
    assert {(area == "v2", name) for area, name in COMMANDS} == methods
    assert len(methods) == 30  # payment-link is no method of the service


@pytest.mark.parametrize(("area", "name"), COMMANDS)
def test_every_argument_is_an_option_with_help(area: str, name: str) -> None:
    from inspect import signature

    arguments = app[area][name].assemble_argument_collection()
    offered = {argument.field_info.name: argument.parameter.help for argument in arguments}
    for argument in signature(COMMANDS[area, name].describe).parameters:
        spread = {"order": "first_name", "settings": "publish", "utm": "utm_medium"}
        option = (spread | {"fields": "tag"}).get(argument, argument)
        assert offered[option]


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
def test_errors_are_reported_without_a_traceback(words: tuple[str, ...], code: int) -> None:
    ran = run(*words, "--sandbox")
    assert ran.code == code
    assert ran.err.startswith("Error: ")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(("area", "name"), COMMANDS)
def test_a_required_address_is_the_first_positional_argument(area: str, name: str) -> None:
    arguments = app[area][name].assemble_argument_collection()
    addresses = [
        argument.index
        for argument in arguments
        if argument.required and argument.field_info.name.endswith("email")
    ]
    assert addresses in ([], [0])


def test_goods_takes_several_values_and_lists() -> None:
    with service() as there:
        words = ("orders", "create-order", "a@example.com", "--goods", "invoice:1 500,50", "sales")
        ran = run(*words, "--first-name", "Anna", env=there.env)
        assert ran.code == 0, ran.err
        (order,) = there.orders
    goods = [(good["good_name"], good["good_sum"]) for good in order["goods"]]
    assert goods == [("invoice", "1500.50"), ("sales", "2200.00")]
    assert order["first_name"] == "Anna"


def test_no_two_commands_call_the_same_method() -> None:
    described = [described for _area, _name, described in commands()]
    assert len(described) == len(set(map(id, described)))
    for area in {area for area, _name, _described in commands()}:
        names = {name for name in app[area] if not name.startswith("-")}
        assert names == {name for found, name, _described in commands() if found == area}


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("orders", "create-order", "", "--goods", "invoice"), "--email"),
        (("orders", "create-order", "a@b.ru", "--goods", ""), "--goods"),
        (("orders", "create-order", "a@b.ru", "--goods", "x", "--postal-code", "\ud800"), ""),
        (("orders", "update-order-status", "5", "paid"), "--date"),
        (("orders", "update-order-status", "0", "cancel"), "--bill-id"),
        (("contacts", "get-count-subscribe", ""), "--group-name"),
        (("goods", "get-all-goods", "--timeout", "0"), "--timeout"),
    ],
)
def test_a_message_names_the_option_and_not_the_field(words: tuple[str, ...], option: str) -> None:
    for env in environment(), environment(LC_ALL="ru_RU.UTF-8"):
        ran = run(*words, "--sandbox", env=env)
        assert ran.code == 2
        assert option in ran.err.splitlines()[0]
        assert "Order." not in ran.err
        assert "datetime" not in ran.err
