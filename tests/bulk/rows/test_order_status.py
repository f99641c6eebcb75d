"""Statuses of other systems: which orders were cancelled, and which are not paid."""

from __future__ import annotations

import pytest

from justclick_async.bulk.rows.order_status import StatusGroup, classify_status, classify_statuses

WORDS = {
    StatusGroup.CANCELLED: (
        "Отменено", "Отменён покупателем", "cancelled", "canceled", "Возврат", "Возвращено",
        "refunded", "partially_refunded", "Частичный возврат", "Аннулирован", "voided",
        "failed", "Denied", "Declined", "Reversed", "chargeback", "Отказ", "Отклонён",
        "Удалён", "Test", "Тестовый", "Закрыто и не реализовано", "Сделка провалена",
        "closed lost", "Refund pending", "Ожидает возврата", "wc-cancelled", "Истёк",
        "Оплата не удалась", "Payment failed", "Не выкуплен",
    ),
    StatusGroup.UNPAID: (
        "unpaid", "not paid", "pending", "Pending payment", "on-hold", "Не оплачен",
        "неоплаченный", "Не оплачено", "Ожидаем оплаты", "Ожидает оплаты",
        "Частично оплачен", "partially_paid", "authorized", "Expected", "checkout-draft",
        "Выставлен счёт", "awaiting_payment", "Ждём оплату", "Отложен",
    ),
    StatusGroup.PLACED: (
        "paid", "Оплачен", "Завершён", "Выполнен", "completed", "processing", "succeeded",
        "Успешно реализовано", "Доставлен", "shipped", "fulfilled", "Новый", "new",
        "В работе", "Принят", "Входящие", "Оплачено полностью",
    ),
    StatusGroup.UNKNOWN: (
        "", "P", "2", "Не отменён", "not cancelled", "Без возврата", "Красный",
        "не доставлен",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "group"), [(word, group) for group, words in WORDS.items() for word in words]
)
def test_the_words_of_exports_are_known(status: str, group: StatusGroup) -> None:
    assert classify_status(status) is group
    assert classify_status(status.upper()) is group


@pytest.mark.parametrize(
    ("column", "statuses", "groups"),
    [
        ("Отменён", ["Да", "Нет"], ["cancelled", "placed"]),
        ("Оплачен", ["Да", "Нет", ""], ["placed", "unpaid"]),
        ("Refunded Amount", ["0.00", "150.00"], ["placed", "cancelled"]),
        ("Cancelled at", ["2024-05-17 14:30", ""], ["cancelled"]),
        ("Status", ["Да", "paid"], ["unknown", "placed"]),
    ],
)
def test_a_column_of_yes_and_no_or_of_times_is_read_by_its_name(
    column: str, statuses: list[str], groups: list[str]
) -> None:
    assert list(classify_statuses(column, statuses).values()) == groups
