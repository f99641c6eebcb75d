# a script, not part of a package
"""Write orders.csv next to this file: 300 orders of fictitious people, the same every time.

292 of them are valid.  Eight have errors that occur in real files.
"""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

COLUMNS = (
    "email",
    "first_name",
    "last_name",
    "middle_name",
    "phone",
    "country",
    "region",
    "city",
    "address",
    "postal_code",
    "goods",
    "coupon",
    "tag",
    "comment",
    "created",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "aff_source",
)

WOMEN = (
    ("Анна", "anna"),
    ("Мария", "maria"),
    ("Елена", "elena"),
    ("Ольга", "olga"),
    ("Наталья", "natalia"),
    ("Ирина", "irina"),
    ("Светлана", "svetlana"),
    ("Юлия", "julia"),
    ("Алёна", "alyona"),
)
MEN = (
    ("Иван", "ivan"),
    ("Алексей", "alexey"),
    ("Дмитрий", "dmitry"),
    ("Сергей", "sergey"),
    ("Андрей", "andrey"),
    ("Павел", "pavel"),
    ("Николай", "nikolay"),
    ("Артём", "artyom"),
)
SURNAMES = (
    ("Петров", "petrov"),
    ("Смирнов", "smirnov"),
    ("Кузнецов", "kuznetsov"),
    ("Соколов", "sokolov"),
    ("Лебедев", "lebedev"),
    ("Новиков", "novikov"),
    ("Морозов", "morozov"),
    ("Волков", "volkov"),
    ("Щербаков", "scherbakov"),
    ("Королёв", "korolyov"),
)
FATHERS = ("Иван", "Петр", "Александр", "Владимир", "Михаил", "Роман")
PLACES = (
    ("Москва", "Москва", "ул. Лесная, д. 5, кв. 12", "127055"),
    ("Ленинградская обл.", "Санкт-Петербург", "Невский пр., д. 28", "191186"),
    ("Свердловская обл.", "Екатеринбург", "ул. Малышева, д. 51; офис 3", "620075"),
    ("Новосибирская обл.", "Новосибирск", "Красный пр., д. 17", "630007"),
    ("Республика Татарстан", "Казань", "ул. Баумана, д. 9", "420111"),
    ("Краснодарский край", "Сочи", "Курортный пр., д. 105", "354002"),
)
DOMAINS = ("example.com", "example.org", "mail.example.net", "shop.example.org")
GOODS = (
    "invoice:1500",
    "invoice",
    "sales",
    "sales:1 990,50",
    "lessons",
    "lesson1:1200, lessons",
    "webinar:490",
    "webinar, club:1990",
    "club",
    "consulting:15000",
    "invoice:1500, sales, lessons:990",
    "payment",
)
MAILED = ("book:750", "book, notebook:350,50", "notebook:350.50, invoice:1500")
COMMENTS = (
    "Позвоните, пожалуйста, после 18:00",
    'Счёт на ООО "Ромашка"; оплата по договору',
    "Второй раз беру у вас; спасибо!",
    "Доставка:\nдомофон 12, этаж 3",
    "Подарок — не звонить",
    "It's for my sister, keep it a secret",
)
SOURCES = (
    ("yandex", "cpc", "brand_2024"),
    ("vk", "social", "webinar_may"),
    ("telegram", "post", "channel; spring"),
    ("newsletter", "email", "issue-17"),
)


def people(random: Random) -> dict[str, str]:
    """Return name, e-mail address and phone of a fictitious person."""
    is_woman = random.random() < 0.5
    first, first_latin = random.choice(WOMEN if is_woman else MEN)
    last, last_latin = random.choice(SURNAMES)
    father = random.choice(FATHERS)
    father += {"а": "", "й": ""}.get(father[-1], "ов")
    return {
        "email": f"{first_latin}.{last_latin}{random.randrange(100)}@{random.choice(DOMAINS)}",
        "first_name": first,
        "last_name": last + ("а" if is_woman else ""),
        "middle_name": father + ("на" if is_woman else "ич"),
        "phone": f"+7({random.randrange(900, 1000)})"
        f"{random.randrange(100, 1000)}-{random.randrange(100):02}-{random.randrange(100):02}",
    }


def order(random: Random, number: int) -> dict[str, str]:
    """Return one valid order."""
    row = people(random)
    row["goods"] = random.choice(GOODS)
    if random.random() < 0.15:
        row["goods"] = random.choice(MAILED)
    if row["goods"] in MAILED or random.random() < 0.3:
        row["country"] = "Россия"
        row["region"], row["city"], row["address"], row["postal_code"] = random.choice(PLACES)
    if random.random() < 0.15:
        row["coupon"] = random.choice(("skidka50", "SPRING24", "vip-10"))
    if random.random() < 0.4:
        row["tag"] = random.choice(("вебинар", "old-base", "CRM 2024", "vip"))
    if random.random() < 0.2:
        row["comment"] = random.choice(COMMENTS)
    if random.random() < 0.6:
        row["utm_source"], row["utm_medium"], row["utm_campaign"] = random.choice(SOURCES)
    if random.random() < 0.05:
        row["aff_source"] = "partner7"
    if random.random() < 0.5:
        made = datetime(2024, 5, 13, 9) + timedelta(minutes=37 * number, seconds=number % 60)  # noqa: DTZ001
        row["created"] = made.strftime(("%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")[number % 2])
    return row


WRONG: dict[int, dict[str, str]] = {
    23: {"goods": "invoise:1500"},  # no such product in the shop
    58: {"email": "olga.smirnova@"},  # invalid address
    97: {"goods": ""},  # no products
    131: {"email": ""},  # no address
    166: {"goods": "invoice:NaN"},  # invalid price
    204: {"goods": "sales:бесплатно"},  # invalid price
    239: {"goods": "book:750", "city": "", "address": ""},  # mailed goods without an address
    277: {"phone": "7,92878E+10"},  # a phone number that Excel has converted
}


def main() -> None:
    """Write the file."""
    random = Random(2024)  # test data, not keys
    path = Path(__file__).with_name("orders.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS, restval="", delimiter=";", lineterminator="\n")
        rows.writeheader()
        for number in range(1, 301):
            rows.writerow(order(random, number) | WRONG.get(number, {}))


if __name__ == "__main__":
    main()
