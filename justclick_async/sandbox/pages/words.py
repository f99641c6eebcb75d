"""The texts of the pages in their languages, and which language a browser wants.

A text is its own key in English.  Where a word stands for something of the sandbox (a status, a
kind of notification) both languages are in the table.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ENGLISH", "LANGUAGES", "RUSSIAN", "language_of", "translated"]

LANGUAGES = ("en", "ru")


def language_of(accepted: str) -> str:
    """Return the language that an ``Accept-Language`` header likes best; English if it has none.

    >>> language_of("de, ru;q=0.8, en;q=0.5")
    'ru'
    """
    liked: list[tuple[float, str]] = []
    for wish in accepted.lower().split(","):
        tag, _, weight = wish.partition(";")
        language = tag.strip().partition("-")[0]
        if language in LANGUAGES:
            liked.append((_weight(weight), language))
    return max(liked, key=lambda wish: wish[0])[1] if liked else "en"


def _weight(text: str) -> float:
    value = text.strip().removeprefix("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0


def translated(text: str, language: str) -> str:
    """Return a text in a language; one that is in no table, such as an error, as it is."""
    if language == "ru" and text in RUSSIAN:
        return RUSSIAN[text]
    return ENGLISH.get(text, text)


ENGLISH: Mapping[str, str] = {
    "status waiting": "waiting",
    "status prepaid": "prepaid",
    "status paid": "paid",
    "status sent": "sent",
    "status return": "returned",
    "status cancel": "cancelled",
    "status moneyback": "refunded",
    "status deleted": "deleted",
    "letters waiting": "waiting",
    "letters delivered": "accepted",
    "letters given up": "given up",
    "order_created": "Order created",
    "order_paid": "Order paid",
    "order_prepaid": "Order prepaid",
    "order_cancelled": "Order cancelled",
    "order_moneyback": "Order refunded",
    "lead_subscribed": "Contact subscribed",
    "lead_activated": "Subscription confirmed",
    "lead_unsubscribed": "Contact unsubscribed",
    "STATUS_WAIT": "to confirm",
    "STATUS_SUBSCRIBE": "subscribed",
    "STATUS_UNSUBSCRIBE": "unsubscribed",
    "STATUS_UNSUBSCRIBE_BY_SERVICE": "left the service",
    "said saved": "Saved.",
    "said reset": "Everything is as in a new sandbox.",
    "said seeded": "It is in.",
    "said planned": "It will befall the next call.",
    "about order": "order",
    "about contact": "contact",
}

RUSSIAN: Mapping[str, str] = {
    # What stands for something of the sandbox
    "status waiting": "ждёт оплаты",
    "status prepaid": "предоплата",
    "status paid": "оплачен",
    "status sent": "отправлен",
    "status return": "возвращён",
    "status cancel": "отменён",
    "status moneyback": "деньги возвращены",
    "status deleted": "удалён",
    "letters waiting": "ожидают",
    "letters delivered": "приняты",
    "letters given up": "не доставлены",
    "order_created": "Заказ создан",
    "order_paid": "Заказ оплачен",
    "order_prepaid": "Внесена предоплата",
    "order_cancelled": "Заказ отменён",
    "order_moneyback": "Деньги возвращены",
    "lead_subscribed": "Контакт подписался",
    "lead_activated": "Подписка подтверждена",
    "lead_unsubscribed": "Контакт отписался",
    "STATUS_WAIT": "ждёт подтверждения",
    "STATUS_SUBSCRIBE": "подписан",
    "STATUS_UNSUBSCRIBE": "отписан",
    "STATUS_UNSUBSCRIBE_BY_SERVICE": "ушёл из сервиса",
    "said saved": "Сохранено.",
    "said reset": "Всё как в новой песочнице.",
    "said seeded": "Данные загружены.",
    "said planned": "Сбой случится при следующем вызове.",
    "about order": "заказ",
    "about contact": "контакт",
    "done": "выполнен",
    "refused": "отказ",
    # On all pages
    "Sandbox": "Песочница",
    "Overview": "Обзор",
    "Orders": "Заказы",
    "Contacts": "Контакты",
    "Products": "Продукты",
    "Notifications": "Уведомления",
    "Requests": "Запросы",
    "Faults": "Сбои",
    "Account": "Аккаунт",
    "Everything here is made up: no real customers, no money. Times are in UTC.": (
        "Всё здесь вымышлено: ни настоящих клиентов, ни денег. Время по UTC."
    ),
    "All": "Все",
    "Search": "Найти",
    "Show": "Показать",
    "Save": "Сохранить",
    "Back": "Назад",
    "Newer": "Новее",
    "Older": "Старше",
    "Status": "Состояние",
    "Created": "Создан",
    "Outcome": "Итог",
    "Answer": "Ответ",
    "Number": "Номер",
    "Sum": "Сумма",
    "Name": "Имя",
    "That did not work": "Не получилось",
    "Not found": "Не найдено",
    "Methods of the service are called with POST at": (
        "Методы сервиса вызываются через POST по адресу"
    ),
    "METHOD": "МЕТОД",
    "Orders, requests and all the rest are in the menu above.": (
        "Заказы, запросы и всё остальное — в меню сверху."
    ),
    # The first page
    "paid": "оплачено",
    "waiting": "ожидают",
    "Refused requests": "Отклонённые запросы",
    "Faults switched on": "Включённые сбои",
    "Latest orders": "Последние заказы",
    "Latest requests": "Последние запросы",
    "Place a sample order": "Создать пробный заказ",
    "No orders yet. Create one with the SDK, or place a sample order.": (
        "Заказов пока нет. Создайте заказ через SDK или нажмите «Создать пробный заказ»."
    ),
    "Nobody has asked anything yet.": "Запросов ещё не было.",
    "How to call it": "Как её вызвать",
    "Let your program call this sandbox in place of the service": (
        "Пусть ваша программа вызывает песочницу вместо сервиса"
    ),
    "in place of": "вместо",
    "Login": "Логин",
    "API key": "Ключ API",
    "the one that the sandbox was started with": "тот, с которым запущена песочница",
    "Or try it with this": "Или попробуйте так",
    "A click selects all of it.": "Щелчок выделяет всё.",
    "Look at what came": "Посмотрите, что пришло",
    "each with what was hashed, and why it was refused.": (
        "у каждого видно, что хешировалось и почему отказано."
    ),
    "where your script is told of orders and payments.": (
        "куда сообщать вашему скрипту о заказах и оплатах."
    ),
    "let calls fail, and see what your program does.": (
        "пусть вызовы не удаются — посмотрите, что сделает ваша программа."
    ),
    "State": "Состояние песочницы",
    "Export as JSON": "Выгрузить в JSON",
    "Reset everything": "Сбросить всё",
    "Yes, orders, contacts, products and notifications as at first": (
        "Да, вернуть заказы, контакты, продукты и уведомления к началу"
    ),
    "Reset this account": "Сбросить этот аккаунт",
    "Put in JSON": "Загрузить JSON",
    "As the export gives it, or less": "В том же виде, что и выгрузка, или короче",
    "Put in": "Загрузить",
    "What programs can call": "Что могут вызывать программы",
    "What the documentation leaves open, and how it is read here": (
        "О чём документация молчит и как это понято здесь"
    ),
    # Orders
    "Order": "Заказ",
    "Customer": "Покупатель",
    "Number, e-mail or name": "Номер, e-mail или имя",
    "There are no such orders.": "Таких заказов нет.",
    "Payment page": "Страница оплаты",
    "In all": "Итого",
    "Paid so far": "Уже оплачено",
    "To pay": "К оплате",
    "E-mail": "E-mail",
    "Phone": "Телефон",
    "Country": "Страна",
    "Region": "Регион",
    "City": "Город",
    "Address": "Адрес",
    "Postal code": "Индекс",
    "Comment": "Комментарий",
    "Tag": "Метка",
    "Coupon": "Купон",
    "Domain": "Домен",
    "History": "История",
    "Pay": "Оплатить",
    "Prepay": "Внести часть",
    "Refund": "Вернуть деньги",
    "Cancel the order": "Отменить заказ",
    "Payment of order": "Оплата заказа",
    "No money moves. Each button does what the service would do after a real payment.": (
        "Деньги не движутся. Кнопка делает то, что сервис сделал бы после настоящей оплаты."
    ),
    "Who was told, and what they said": "Кто уведомлён и что ответил",
    "Nobody was told: no address is set.": "Никто не уведомлён: адрес не задан.",
    "Set one": "Задать",
    # Notifications
    "Notification": "Уведомление",
    "Event": "Событие",
    "Receiver": "Получатель",
    "About": "О чём",
    "Written": "Создано",
    "accepted": "принято",
    "given up": "не доставлено",
    "to be tried again": "будет повтор",
    "on its way": "в пути",
    "no answer": "нет ответа",
    "attempts": "попыток",
    "Nobody was told of anything.": "Уведомлений ещё не было.",
    "Say where notifications go": "Указать, куда отправлять уведомления",
    "Send again": "Отправить снова",
    "Fields": "Поля",
    "As it is sent": "Как отправляется",
    # Contacts
    "Contact": "Контакт",
    "Groups": "Группы",
    "Tags": "Метки",
    "E-mail or name": "E-mail или имя",
    "Who is told of subscriptions": "Кого уведомлять о подписках",
    "Confirm": "Подтвердить",
    "Unsubscribe": "Отписать",
    "There are no such contacts.": "Таких контактов нет.",
    "No contacts yet. They come with AddLeadToGroup, or with an order of a product that puts its"
    " buyers into a group.": (
        "Контактов пока нет. Их создаёт AddLeadToGroup или заказ продукта, который добавляет"
        " покупателей в группу."
    ),
    # Products
    "Where notifications go": "Куда отправлять уведомления",
    "Your script is told of every order and every subscription. Products below, and groups of"
    " contacts, can have addresses of their own.": (
        "Ваш скрипт узнает о каждом заказе и каждой подписке. У продуктов ниже и у групп контактов"
        " могут быть свои адреса."
    ),
    # Requests
    "Request": "Запрос",
    "Method": "Метод",
    "Came": "Пришёл",
    "ms": "мс",
    "All methods": "Все методы",
    "All accounts": "Все аккаунты",
    "There are no such requests.": "Таких запросов нет.",
    "Requests are kept in memory only; this many:": "Запросы хранятся только в памяти, не более:",
    "Why": "Почему",
    "Why the hash is wrong": "Почему хеш неверен",
    "What has to be hashed": "Что нужно хешировать",
    "What was hashed": "Что хешировали",
    "What was sent, and probably hashed": "Что отправлено и, видимо, хешировалось",
    "gives": "даёт",
    "received": "получен",
    "ends here": "здесь конец",
    "the hash is not the one of these parameters": "хеш не от этих параметров",
    "The first difference is marked.": "Первое отличие выделено.",
    "The key is never shown; it stands where (API key) is.": (
        "Ключ не показывается; он стоит на месте (API key)."
    ),
    "Parameters as PHP reads them": "Параметры, как их видит PHP",
    "As it was sent": "Как отправлено",
    "None.": "Нет.",
    # Faults
    "Switch all off": "Выключить все",
    "How many percents of the calls each of them strikes.": "Какой процент вызовов постигает сбой.",
    "The next call only": "Только следующий вызов",
    "Disabled: everybody is answered with code 7": "Отключён: всем отвечать кодом 7",
    "the connection is closed and nothing is done": "соединение закрыто, ничего не сделано",
    "the work is done, the connection closed without an answer": (
        "работа сделана, соединение закрыто без ответа"
    ),
    "HTTP 500; the work is done in half of the cases": "HTTP 500; в половине случаев сделано",
    "HTTP 200 with an HTML page; the work is done in half of the cases": (
        "HTTP 200 с HTML-страницей; в половине случаев сделано"
    ),
    "the work is done, the hash of the answer is wrong": "сделано, но хеш ответа неверен",
    "the work is done, the answer comes late": "сделано, но ответ опаздывает",
    "code 8, nothing is done": "код 8, ничего не сделано",
    # What did not work
    "There is no such order.": "Такого заказа нет.",
    "There is no such notification.": "Такого уведомления нет.",
    "There is no such account here.": "Такого аккаунта здесь нет.",
    "There is no such thing here.": "Здесь такого нет.",
    "There is no such page.": "Такой страницы нет.",
    "There is no such request, or it is forgotten: the latest are kept.": (
        "Такого запроса нет, или он уже забыт: хранятся последние."
    ),
    "This button is of another sandbox. Load the page again.": (
        "Эта кнопка от другой песочницы. Загрузите страницу снова."
    ),
    "This is no JSON.": "Это не JSON.",
    "An address begins with http:// or https://.": "Адрес начинается с http:// или https://.",
    "A probability is a number of percents from 0 to 100.": (
        "Вероятность — это число процентов от 0 до 100."
    ),
}
