"""A smaller version of ``python -m tests.attack_notifications``."""

from __future__ import annotations

from random import Random

import pytest

from justclick_async.notifications import NotificationError, parse
from tests import attack_notifications as attack
from tests.notifications.bodies import KEY


@pytest.mark.untraced
def test_thousands_of_hostile_bodies_neither_crash_nor_pass() -> None:
    score = attack.attack(6000, seed=7)
    assert score.cases >= 6000
    assert score.crashed == []
    assert score.forged == []
    assert score.unchanged > 100  # or it would be an attack on something else
    assert len(score.refused) >= 5


@pytest.mark.untraced
def test_a_moved_border_is_detected_unless_it_is_that_of_number_and_address() -> None:
    score, random = attack.Score(), Random(3)
    for _ in range(3000):
        octets = random.choice(attack.BODIES)
        attack.judge(attack._move_border(random, octets), score)
    assert score.forged == []
    assert score.moved > 0


def test_an_attack_that_succeeds_is_noticed() -> None:
    """The judge is no yes-man: what is signed over another order counts as forged."""
    fields = attack.signed(attack.decoded("order_paid", id="777"), "paid")
    octets = attack.http_build_query(fields).encode()
    score = attack.Score()
    attack.judge(octets, score)
    assert score.forged == [octets]


@pytest.mark.parametrize("name", attack.SHAPES)
def test_time_grows_no_more_than_the_body(name: str) -> None:
    shape = attack.SHAPES[name]
    small, large = attack._ms(shape(60_000)), attack._ms(shape(960_000))
    assert large < 16 * 6 * max(small, 0.1)


@pytest.mark.untraced
def test_a_body_that_is_too_large_is_refused_without_being_read() -> None:
    for name, _ms, peak, refused in attack.refusals():
        assert refused, name
        assert peak < 5, name


def test_the_genuine_ones_pass() -> None:
    for octets in attack.GENUINE:
        assert parse(octets, api_key=KEY)
        with pytest.raises(NotificationError):
            parse(octets, api_key="another")
