"""Changes of status: each row says what an order of the service is to become."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any

from attrs import field, frozen

from justclick_async.bulk import cells
from justclick_async.bulk.cells import CellError, Reading
from justclick_async.bulk.columns import Columns, Names, refuse_without
from justclick_async.bulk.kinds import Kind, Known, Words
from justclick_async.bulk.problems import Problem, Text
from justclick_async.bulk.settle import Verdict, details_of
from justclick_async.calls import Call, Flow
from justclick_async.endpoints.orders import update_order_status
from justclick_async.models.checks import choice, moment, number
from justclick_async.models.orders import OrderStatus

__all__ = ["STATUSES", "StatusChange"]


def _number(value: int | str) -> int:
    return number(value, "bill_id")


def _status(value: OrderStatus | str) -> OrderStatus:
    return choice(value, OrderStatus, "status")


def _date(value: datetime | int | None) -> datetime | None:
    return None if value is None else moment(value, "date")


@frozen(kw_only=True)
class StatusChange:
    """What an order is to become; see ``update_order_status``.

    Attributes:
        bill_id: The number of the order.
        status: ``sent``, ``paid``, ``return`` or ``cancel``.
        date: When it was shipped or paid; required for ``sent`` and ``paid``.
        tracking_number: The number of the postal item (``rpo``); required for ``sent``.

    Raises:
        InvalidInput: What the status requires is missing, or a value cannot be sent.
    """

    bill_id: int = field(converter=_number)
    status: OrderStatus = field(converter=_status)
    date: datetime | None = field(default=None, converter=_date)
    tracking_number: str | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        self.call()

    def call(self) -> Call[None]:
        """Return the call that brings it about."""
        return update_order_status(
            self.bill_id, self.status, date=self.date, tracking_number=self.tracking_number
        )


# ── Columns ─────────────────────────────────────────────────────────────────────────

_FIELDS = {
    "bill_id": (
        "id", "bill", "order", "order_id", "order_number", "заказ", "номер_заказа", "№_заказа",
        "счет", "счёт", "номер_счета", "номер_счёта",
    ),
    "status": ("bill_status", "order_status", "статус", "статус_заказа"),
    "date": ("pay_date", "дата", "дата_оплаты", "дата_отправки"),
    "tracking_number": (
        "rpo", "track", "tracking", "track_number", "трек", "трек_номер", "рпо", "номер_рпо",
        "почтовый_идентификатор",
    ),
}  # fmt: skip


def _check(columns: Columns) -> None:
    refuse_without(columns, "bill_id", "status")


_WORDS_FOR = {
    OrderStatus.SENT: ("отправлен", "отправлено", "отослан"),
    OrderStatus.PAID: ("оплачен", "оплачено"),
    OrderStatus.RETURN: ("возврат", "возвращен", "возвращён"),
    OrderStatus.CANCEL: ("отмена", "отменен", "отменён", "отменено", "cancelled", "canceled"),
}
_STATUSES: Mapping[str, OrderStatus] = {status.value: status for status in OrderStatus} | {
    word: status for status, words in _WORDS_FOR.items() for word in words
}


def _read_status(cell: str) -> OrderStatus:
    found = _STATUSES.get(cell.casefold())
    if found is None:
        raise CellError(
            Text("is no status that can be set", "не является статусом, который можно задать"),
            Text(
                "Write sent, paid, return or cancel.",
                "Укажите sent, paid, return или cancel (отправлен, оплачен, возврат, отменён).",
            ),
            code=201,
        )
    return found


def _read_number(cell: str) -> int:
    digits = cells.number_as_text(cell).lstrip("№# ").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18 and int(digits)):
        raise CellError(
            Text("is no number of an order", "не является номером заказа"),
            Text(
                "Write the number that the service gave, such as 102937.",
                "Укажите номер, который выдал сервис, например 102937.",
            ),
            code=203,
        )
    return int(digits)


# ── Statuses ────────────────────────────────────────────────────────────────────────

_DATE = Problem(
    "date",
    Text("is empty, though the status needs it", "пуст, хотя нужен для этого статуса"),
    Text(
        "Say when it was paid or sent: 2024-05-17 14:30 or 17.05.2024.",
        "Укажите, когда оплачено или отправлено: 2024-05-17 14:30 или 17.05.2024.",
    ),
)
_TRACKING_NUMBER = Problem(
    "tracking_number",
    Text("is empty, though 'sent' needs it", "пуст, хотя нужен для статуса «отправлен»"),
    Text(
        "Write the number of the postal item (rpo).",
        "Укажите почтовый идентификатор отправления (rpo).",
    ),
)
_NEEDED = {OrderStatus.PAID: (_DATE,), OrderStatus.SENT: (_DATE, _TRACKING_NUMBER)}

_SHOWN = {OrderStatus.PAID: "paid", OrderStatus.CANCEL: "cancel"}
"""What the service says of an order with such a status; of the others it says nothing."""


class _Statuses(Kind[StatusChange]):
    """Each row is a status to be set; setting it twice does no more than setting it once."""

    name = "statuses"
    model = StatusChange
    names = Names.of(_FIELDS, check=_check)
    needs = (
        Problem(
            "bill_id",
            Text("is empty", "пуст"),
            Text("Say which order is meant.", "Укажите, о каком заказе речь."),
            code=203,
        ),
        Problem(
            "status",
            Text("is empty", "пуст"),
            Text("Write sent, paid, return or cancel.", "Укажите sent, paid, return или cancel."),
            code=303,
        ),
    )
    words = Words(
        done=Text("changed", "изменено"),
        existed=Text("stood like that already", "уже были такими"),
        not_checked=Text(
            "Not checked: whether these orders exist and may take these statuses. Only sending "
            "shows that.",
            "Не проверено: есть ли такие заказы и можно ли задать им эти статусы. Это покажет "
            "только отправка.",
        ),
        undecided=Text(
            "nobody knows whether the order has this status",
            "неизвестно, есть ли у заказа этот статус",
        ),
        look=Text("Run the same import again.", "Запустите тот же импорт ещё раз."),
    )
    outcome = "changed"
    differing = Problem(
        "bill_id",
        Text(
            "an earlier row says something else of this order, and rows may overtake each other",
            "более ранняя строка задаёт этому заказу другое, а порядок строк не гарантирован",
        ),
        Text(
            "Import FILE.failed.csv once this import is done.",
            "Импортируйте FILE.failed.csv, когда этот импорт закончится.",
        ),
    )

    def readings(self, zone: tzinfo) -> Mapping[str, Reading]:
        return {
            "bill_id": _read_number,
            "status": _read_status,
            "date": partial(cells.moment, zone=zone),
            "tracking_number": cells.number_as_text,
        }

    def problem(self, fields: Mapping[str, Any]) -> Problem | None:
        needed = _NEEDED.get(fields["status"], ())
        return next((problem for problem in needed if problem.field not in fields), None)

    def make(self, fields: dict[str, Any]) -> StatusChange:
        return StatusChange(**fields)

    def steps(self, item: StatusChange) -> Call[None]:
        return item.call()

    def whose(self, item: StatusChange) -> str:
        return str(item.bill_id)

    def settle(self, item: StatusChange, _known: Known) -> Flow[Verdict]:
        """Look at the order; a status that it does not show is set again."""
        shown = _SHOWN.get(item.status)
        details = None if shown is None else (yield from details_of(item.bill_id))
        return Verdict(is_there=details is not None and details.pay_status == shown)

    def pack(self, item: StatusChange) -> dict[str, Any]:
        return {
            "bill_id": item.bill_id,
            "status": item.status.value,
            "date": None if item.date is None else item.date.astimezone(UTC).isoformat(),
            "tracking_number": item.tracking_number,
        }

    def unpack(self, fields: dict[str, Any]) -> StatusChange:
        date = fields.pop("date")
        return StatusChange(**fields, date=None if date is None else datetime.fromisoformat(date))


STATUSES: Kind[StatusChange] = _Statuses()
"""Statuses to be set."""
