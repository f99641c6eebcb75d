"""``justclick notifications verify`` and ``send``, and how an event is shown.

What was received is shown on standard output only: standard error may end up in a log, and these
are a customer's name, address and phone.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import aiohttp
import attrs

from justclick_async.bulk.problems import Text
from justclick_async.cli.say import described, say, say_error, say_json
from justclick_async.cli.settings import WrongUsage, api_key
from justclick_async.cli.showing import plain
from justclick_async.errors import NotificationError
from justclick_async.models.notifications import ContactEvent, OrderEvent
from justclick_async.notifications import (
    MalformedNotification,
    MissingHash,
    NotificationTooLarge,
    UnknownNotification,
    UnsignedNotification,
    WrongHash,
    parse,
)
from justclick_async.notifications.forms import MAX_BYTES
from justclick_async.php import http_build_query, parse_str, urlencode
from justclick_async.signing import notification_hash

__all__ = ["as_document", "http_url", "printable", "sample", "say_refusal", "send", "verify"]

DONE, FAILED = 0, 1


# ── An event, shown ─────────────────────────────────────────────────────────────────


def as_document(event: OrderEvent | ContactEvent) -> dict[str, Any]:
    """Return an event as JSON can hold it.

    Without ``raw``: it holds the hash, and whoever has that can send the notification again.
    """
    names = [field.name for field in attrs.fields(type(event)) if field.name != "raw"]
    shown = {name: plain(getattr(event, name)) for name in names}
    return {"kind": event.kind, "key": event.key, **shown}


def printable(text: object) -> str:
    """Return a text that does nothing to a terminal but stand there."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(text))


def _formula(names: Sequence[str]) -> str:
    return " + ".join((*names, "key"))


# ── Verifying ───────────────────────────────────────────────────────────────────────


def verify(file: str, *, allow_unsigned: bool, as_json: bool) -> int:
    """Verify the body of a request that was kept in a file."""
    body = _kept(file)
    try:
        event = parse(body, api_key=api_key(), allow_unsigned=allow_unsigned)
    except NotificationError as refusal:
        if as_json:
            say_json({"verified": False, **refusal_document(refusal)})
        say_refusal(refusal)
        return FAILED
    if as_json:
        say_json({"verified": bool(event.signed_over), **as_document(event)})
    else:
        _say_verified(event)
    return DONE


def _kept(file: str) -> bytes:
    """Read one byte more than is allowed at most: it is refused, whatever follows."""
    try:
        if file == "-":
            body = sys.stdin.buffer.read(MAX_BYTES + 3)
        else:
            with open(file, "rb") as opened:  # noqa: PTH123  # also /dev/stdin and pipes
                body = opened.read(MAX_BYTES + 3)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise WrongUsage(
            Text(f"cannot read {file!r}: {why}.", f"не удаётся прочитать {file!r}: {why}."),
            Text(
                "Pass a file with the body of the request, or - for standard input.",
                "Укажите файл с телом запроса или - для стандартного ввода.",
            ),
        ) from None
    # An editor ends a file with a line break, which no body holds: it is %0A there.
    return body.removesuffix(b"\n").removesuffix(b"\r")


def _say_verified(event: OrderEvent | ContactEvent) -> None:
    if isinstance(event, OrderEvent):
        formula = _formula(event.signed_over)
        say(
            Text(
                f"Genuine: {event.kind}, order {event.bill_id}. The hash is md5({formula}).",
                f"Подлинное: {event.kind}, заказ {event.bill_id}. Хеш: md5({formula}).",
            )
        )
    else:
        say(
            Text(
                f"Readable: {event.kind}. The service does not sign these: nothing proves it.",
                f"Читается: {event.kind}. Сервис их не подписывает: подлинность не доказана.",
            )
        )
    names = ", ".join(map(printable, event.unauthenticated))
    say(
        Text(
            f"Not authenticated, anybody may have changed it: {names}.",
            f"Не подтверждено хешем, мог изменить кто угодно: {names}.",
        )
    )
    if event.unreadable:
        times = ", ".join(map(printable, event.unreadable))
        say(Text(f"Times that are no Unix time: {times}.", f"Время не в формате Unix: {times}."))


# ── Refusals ────────────────────────────────────────────────────────────────────────

_REFUSED: Mapping[type[NotificationError], Text] = {
    MissingHash: Text("the notification carries no hash.", "в уведомлении нет хеша."),
    WrongHash: Text("the hash is wrong.", "хеш неверен."),
    UnsignedNotification: Text(
        "events of contacts are not signed, so they are not accepted.",
        "события контактов не подписываются, поэтому не принимаются.",
    ),
    UnknownNotification: Text(
        "this is of no kind that the documentation lists.",
        "такого вида уведомлений нет в документации.",
    ),
    NotificationTooLarge: Text(
        "the body is larger, or holds more fields or levels, than is read.",
        "тело больше, чем читается, или в нём слишком много полей или уровней.",
    ),
}
_UNSIGNED_HINT = Text(
    "To accept these, choose an address that nobody can guess and pass --allow-unsigned.",
    "Чтобы принимать их, выберите адрес, который нельзя угадать, и добавьте --allow-unsigned.",
)


def say_refusal(refusal: NotificationError) -> None:
    """Tell on standard error why a notification is refused; nothing that it holds."""
    message = str(refusal.args[0])
    text = _REFUSED.get(type(refusal)) or Text(message, f"поле не той формы: {message}")
    hint = Text(refusal.hint, refusal.hint_ru)
    if isinstance(refusal, UnsignedNotification):
        hint = _UNSIGNED_HINT
    if isinstance(refusal, WrongHash) and refusal.tried:
        tried = ", ".join(f"md5({_formula(names)})" for names in refusal.tried)
        text = Text(f"{text.en} It is none of: {tried}.", f"{text.ru} Не подошли: {tried}.")
    say_error(text, hint)


def refusal_document(refusal: NotificationError) -> dict[str, object]:
    """Return for a machine why a notification is refused."""
    document = described(refusal)
    for name in ("outcome", "method", "code"):  # of calls
        del document[name]
    if isinstance(refusal, WrongHash):
        document |= {"tried": [list(names) for names in refusal.tried], "cause": refusal.cause}
    if isinstance(refusal, MalformedNotification):
        document["field"] = refusal.field
    return document


# ── Sending ─────────────────────────────────────────────────────────────────────────


def send(kind: str, url: str, fields: Sequence[str], *, timeout: float, as_json: bool) -> int:
    """Send a sample to somebody's endpoint and show what it answers."""
    target = http_url(url)
    if not timeout > 0:
        raise WrongUsage(
            Text("--timeout must be more than 0.", "--timeout должен быть больше 0."),
            Text("Leave it out for 10 seconds.", "Не указывайте, чтобы взять 10 секунд."),
        )
    body = sample(kind, fields)
    started = time.monotonic()
    try:
        status, reason = asyncio.run(_post(target, body, timeout))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return _say_no_answer(error, as_json=as_json)
    accepted = 200 <= status < 300
    if as_json:
        seconds = round(time.monotonic() - started, 3)
        document = {"kind": kind, "status": status, "accepted": accepted, "seconds": seconds}
        say_json({**document, "bytes": len(body)})
    else:
        say(f"{status} {printable(reason)}".strip())
    if not accepted:
        said = _ANSWERS.get(status) or _ANSWERS.get(status // 100 * 100)
        say_error(
            Text(f"the receiver answered {status}.", f"получатель ответил {status}."),
            said or _ANSWERS[500],
        )
    return DONE if accepted else FAILED


_ANSWERS: Mapping[int, Text] = {
    300: Text(
        "Nobody knows whether the service follows a redirect; give it the final address.",
        "Следует ли сервис перенаправлениям, неизвестно; укажите конечный адрес.",
    ),
    400: Text(
        "It does not understand a sample of this kind.", "Он не понимает образец такого вида."
    ),
    403: Text(
        "Does it know the same API key? Contacts are not signed: does it accept that?",
        "Тот же ли у него ключ API? События контактов не подписаны: принимает ли он такие?",
    ),
    404: Text("Is the address right?", "Верен ли адрес?"),
    405: Text("It must accept POST.", "Он должен принимать POST."),
    500: Text("Look into the log of the receiver.", "Посмотрите журнал получателя."),
    503: Text(
        "It asks for another delivery: not confirmed, or being handled at this moment.",
        "Он просит повторить: не подтверждено или уже обрабатывается.",
    ),
}


def _say_no_answer(error: Exception, *, as_json: bool) -> int:
    # Its text may hold the address, which is a secret where nothing else guards an endpoint.
    name = type(error).__name__
    if as_json:
        say_json({"status": None, "accepted": False, "error": name})
    say_error(
        Text(f"no answer ({name}).", f"нет ответа ({name})."),
        Text(
            "Does the receiver run, and at this address?",
            "Работает ли получатель и верен ли адрес?",
        ),
    )
    return FAILED


def http_url(url: str) -> str:
    """Return an address that can be posted to.

    Raises:
        WrongUsage: It is none.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise WrongUsage(
            Text("this is no address to post to.", "это не адрес для отправки."),
            Text("Write http://127.0.0.1:8000/hook.", "Напишите http://127.0.0.1:8000/hook."),
        )
    return url


async def _post(url: str, body: bytes, timeout: float) -> tuple[int, str]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    limit = aiohttp.ClientTimeout(total=timeout)
    async with (
        aiohttp.ClientSession(timeout=limit, trust_env=False) as session,
        session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status, answer.reason or ""


# ── Samples ─────────────────────────────────────────────────────────────────────────

Fields: TypeAlias = dict[str, object]


def sample(kind: str, changes: Sequence[str] = (), key: str | None = None) -> bytes:
    """Return the body of a notification as the service would send it, signed.

    Args:
        kind: Such as ``order_paid``.
        changes: Fields that shall be otherwise, ``name=value``, nested as PHP does.  They are
            signed, too, unless ``hash`` is among them.
        key: The key that signs; that of the environment, or asked for, where it is needed.

    Raises:
        WrongUsage: No ``name=value``, or nothing that a body can hold.
    """
    from justclick_async.sandbox.notices import HASHED_MOMENT, ORDER_KINDS  # noqa: PLC0415  # heavy

    signs = kind in ORDER_KINDS
    body = _order_body(kind) if signs else _contact_body(kind)
    # PHP's own rule does the rest: what comes last wins, nested or not.
    pairs = [_name_and_value(change) for change in changes]
    more = [f"{urlencode(name)}={urlencode(value)}" for name, value in pairs]
    try:
        fields: Fields = {**parse_str("&".join((body, *more)))}
    except ValueError as error:
        raise _wrong_change(Text(f"{error}", f"{error}")) from None
    if signs and "hash" not in (name for name, _ in pairs):
        id_, email, moment = (fields.get(name, "") for name in ("id", "email", HASHED_MOMENT[kind]))
        if not all(isinstance(value, str) for value in (id_, email, moment)):
            raise _wrong_change(
                Text("what is signed must be text.", "подписываемое должно быть текстом.")
            )
        fields["hash"] = notification_hash(
            str(id_), str(email), str(moment), api_key() if key is None else key
        )
    return http_build_query(fields).encode("ascii")


def _name_and_value(change: str) -> tuple[str, str]:
    name, equals, value = change.partition("=")
    if not (name and equals):
        raise _wrong_change(Text("this is no name=value.", "это не имя=значение."))
    return name, value


def _wrong_change(text: Text) -> WrongUsage:
    return WrongUsage(
        text,
        Text(
            "Write email=a@example.com or items[0][sum]=990.00.",
            "Напишите email=a@example.com или items[0][sum]=990.00.",
        ),
    )


_MARKS = {"utm_medium": "social", "utm_source": "fb", "utm_campaign": "programmers"}


def _order_body(kind: str) -> str:
    from justclick_async.sandbox.notices import order_notice  # noqa: PLC0415  # heavy
    from justclick_async.sandbox.orders import Order, Sold  # noqa: PLC0415

    now = int(time.time())
    sold = Sold(
        good_id=1,
        good_name="lesson1",
        good_title="Lesson 1",
        good_sum="990.00",
        price="1200.00",
        partners=[],
    )
    order = Order(
        bill_id=123456,
        email="buyer@example.com",
        created=now - 60,
        paid=now,
        goods=[sold],
        last_payment="300.00" if kind == "order_prepaid" else "990.00",
        first_name="Alex",
        last_name="Ivanov",
        phone="+70000000000",
        city="Moscow",
        country="Russia",
        postal_code="101000",
        utm=_MARKS,
    )
    return order_notice(kind, order, "")


def _contact_body(kind: str) -> str:
    from justclick_async.sandbox.contacts import GROUPS, Contact, Membership  # noqa: PLC0415
    from justclick_async.sandbox.notices import lead_notice  # noqa: PLC0415  # heavy

    now, group = int(time.time()), GROUPS[-1]
    contact = Contact(email="lead@example.com", name="Alex", created=now)
    member = Membership(contact_id=1, rass_id=group.rass_id, status="", since=now, utm=_MARKS)
    return lead_notice(kind, contact, group, member)
