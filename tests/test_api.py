"""The public interface matches its snapshot."""

from __future__ import annotations

import pytest

import justclick_async
from tests.api_snapshot import FILE, compare, read, snapshot


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return snapshot()


def test_the_public_interface_matches_the_snapshot(lines: list[str]) -> None:
    changed = compare(read(), lines)
    assert not changed, (
        f"The public interface is not what {FILE.name} says. What is no longer there, or there in "
        "another form, breaks who uses it: tell them in CHANGELOG.md. If it is meant, run "
        f"`python -m tests.api_snapshot` and commit the file.\n{changed}"
    )


def test_a_parameter_that_is_renamed_or_a_field_that_is_dropped_is_seen(lines: list[str]) -> None:
    create = next(line for line in lines if "endpoints.orders.create_order(" in line)
    renamed = [line.replace("(order:", "(new_order:") if line == create else line for line in lines]
    assert compare(lines, renamed).splitlines() == [
        f"no longer: {create}",
        f"new: {create.replace('(order:', '(new_order:')}",
    ]
    email = "justclick_async.models.orders.Order.email"
    fewer = [line for line in lines if not line.startswith(email)]
    assert compare(lines, fewer) == f"no longer: {email}: str"


def test_every_public_name_of_the_package_is_in_it() -> None:
    exported = {line.removeprefix("justclick_async exports ") for line in read()}
    assert exported >= set(justclick_async.__all__)
