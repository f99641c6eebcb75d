"""The commands, their options and their help; each imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import App, Parameter

from justclick_async import __version__
from justclick_async.cli.methods import add_methods
from justclick_async.cli.settings import Access

__all__ = ["app"]

Json = Annotated[bool, Parameter(name="--json", negative="", help="JSON on standard output.")]
Flag: Parameter = Parameter(negative="")
Kind: TypeAlias = Literal[
    "order_created",
    "order_paid",
    "order_prepaid",
    "order_cancelled",
    "order_moneyback",
    "lead_subscribed",
    "lead_activated",
    "lead_unsubscribed",
]

app: App = App(
    name="justclick",
    help="The JustClick API from the command line.",
    version=__version__,
)
orders: App = App(name="orders", help="Orders: create one, list a customer's, change the status.")
v2: App = App(name="v2", help="Methods of API 2.0.")
notifications: App = App(
    name="notifications", help="What the service tells by itself: listen, verify, send."
)
app.command(orders)
app.command(v2)
app.command(notifications)
temporal: App = App(name="temporal", help="Imports on many workers, carried by Temporal.")
app.command(temporal)


@app.command(name="import")
def import_file(
    file: Path,
    /,
    *,
    kind: Literal["orders", "statuses", "contacts"] = "orders",
    journal: Annotated[
        str | None,
        Parameter(help="A file or postgresql://... Default: FILE.journal, beside FILE."),
    ] = None,
    concurrency: Annotated[int, Parameter(help="Requests under way at once.")] = 10,
    rate: Annotated[
        float | None,
        Parameter(help="Requests a second; 0 is unlimited. Default: 10, unlimited with --sandbox."),
    ] = None,
    dry_run: Annotated[bool, Flag] = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="")] = False,
    sandbox: Annotated[bool, Flag] = False,
    as_json: Json = False,
    encoding: str | None = None,
    delimiter: str | None = None,
    timezone: str | None = None,
    rename: Annotated[tuple[str, ...], Parameter(name="--map", negative="")] = (),
    stop_after: int = 20,
    settle_after: int = 10,
    send_repeats: Annotated[bool, Flag] = False,
    redact: Annotated[bool, Flag] = False,
    shards: int | None = None,
    workers: int | None = None,
    temporal: Annotated[
        str | None, Parameter(help="HOST:PORT of a Temporal server whose workers send the rows.")
    ] = None,
    namespace: Annotated[str | None, Parameter(help="Namespace on the Temporal server.")] = None,
    access: Access = Access(),  # noqa: B008  # frozen
) -> int:
    """Create an order for each row of a file, and lose none; or set statuses, or save contacts.

    What is done is kept in a journal. After Ctrl-C, a crash or a power cut, the same command goes
    on where it was: nothing is sent twice, nothing is left out. The results are in
    FILE.success.csv, FILE.failed.csv and FILE.unprocessed.csv.

    Parameters
    ----------
    file
        CSV with a header: email, goods, first_name, last_name, phone, ...
    kind
        What the rows are. statuses: bill_id, status, date, tracking_number. contacts: email,
        groups, name, phone, city, tags, ...
    dry_run
        Check every row and send nothing.
    yes
        Do not ask before sending.
    sandbox
        Send to a service of your own that starts and ends with the command.
    encoding
        Of the file; found out where left out.
    delimiter
        Of the file; found out where left out. Write tab for a tab.
    timezone
        Of times without one. Default: Europe/Moscow.
    rename
        COLUMN=FIELD for a column that is called otherwise; repeatable.
    stop_after
        Stop after so many rows in a row failed in the same way; 0 for never.
    settle_after
        Seconds that the service may be at work on a request that was cut off: an order that is not
        there is sent again only after that.
    send_repeats
        Send rows that say the same as an earlier one; otherwise both are one.
    redact
        Black out what tells of a customer in the result files; a column row says which row it is.
    shards
        Cut the file in so many parts. Default: four for each worker.
    workers
        Work on the parts in so many processes, which share the rate; if one dies, the others go on.
    """
    from justclick_async.bulk import KINDS  # noqa: PLC0415  # heavy
    from justclick_async.cli.importing import Settings, run_import  # noqa: PLC0415  # heavy

    return run_import(
        Settings(
            file=file,
            kind=KINDS[kind],
            journal=journal,
            shards=shards,
            workers=workers,
            concurrency=concurrency,
            rate=rate,
            dry_run=dry_run,
            yes=yes,
            sandbox=sandbox,
            as_json=as_json,
            encoding=encoding,
            delimiter=delimiter,
            timezone=timezone,
            rename=rename,
            stop_after=stop_after,
            settle_after=settle_after,
            send_repeats=send_repeats,
            redact=redact,
            temporal=temporal,
            namespace=namespace,
            access=access,
        )
    )


@orders.command
def create(
    *,
    email: str,
    goods: str,
    first_name: str | None = None,
    last_name: str | None = None,
    middle_name: str | None = None,
    phone: str | None = None,
    country: str | None = None,
    region: str | None = None,
    city: str | None = None,
    address: str | None = None,
    postal_code: str | None = None,
    coupon: str | None = None,
    tag: str | None = None,
    comment: str | None = None,
    created: str | None = None,
    domain: str | None = None,
    sandbox: Annotated[bool, Flag] = False,
    as_json: Json = False,
    access: Access = Access(),  # noqa: B008
) -> int:
    """Create one order.

    Parameters
    ----------
    goods
        Products with or without a price: "invoice:1500, sales".
    created
        When it was made: 2024-05-17 14:30, 17.05.2024, Unix time; now where left out.
    sandbox
        Send to a service of your own that starts and ends with the command.
    """
    from justclick_async.cli.calling import create_order  # noqa: PLC0415

    cells = {
        "email": email,
        "goods": goods,
        "first_name": first_name,
        "last_name": last_name,
        "middle_name": middle_name,
        "phone": phone,
        "country": country,
        "region": region,
        "city": city,
        "address": address,
        "postal_code": postal_code,
        "coupon": coupon,
        "tag": tag,
        "comment": comment,
        "created": created,
        "domain": domain,
    }
    return create_order(cells, access, sandbox=sandbox, as_json=as_json)


@orders.command
def bills(
    email: str,
    /,
    *,
    pay_status: str | None = None,
    sandbox: Annotated[bool, Flag] = False,
    as_json: Json = False,
    access: Access = Access(),  # noqa: B008
) -> int:
    """List the orders of a customer.

    Parameters
    ----------
    email
        The customer's e-mail address.
    pay_status
        Only those that are paid, waiting or cancel.
    sandbox
        Ask a service of your own that starts and ends with the command.
    """
    from justclick_async.cli.calling import list_bills  # noqa: PLC0415

    return list_bills(email, pay_status, access, sandbox=sandbox, as_json=as_json)


@orders.command
def status(
    bill_id: int,
    status: str,
    /,
    *,
    date: str | None = None,
    tracking_number: str | None = None,
    sandbox: Annotated[bool, Flag] = False,
    as_json: Json = False,
    access: Access = Access(),  # noqa: B008
) -> int:
    """Change the status of an order.

    Parameters
    ----------
    bill_id
        The number of the order.
    status
        sent, paid, return or cancel.
    date
        When it was shipped or paid: 2024-05-17 14:30, 17.05.2024, Unix time.
    tracking_number
        The number of the postal item, for sent.
    sandbox
        Ask a service of your own that starts and ends with the command.
    """
    from justclick_async.cli.calling import change_status  # noqa: PLC0415

    return change_status(
        bill_id, status, date, tracking_number, access, sandbox=sandbox, as_json=as_json
    )


@app.command
def call(
    method: str,
    /,
    *parameters: str,
    api: Annotated[int, Parameter(help="Version of the API: 1 signs, 2 sends the key.")] = 1,
    sandbox: Annotated[bool, Flag] = False,
    as_json: Json = False,
    access: Access = Access(),  # noqa: B008
) -> int:
    """Call any method of the service.

    Parameters
    ----------
    method
        The service's own name: GetAllGoods.
    parameters
        name=value, nested as PHP does: goods[0][good_name]=invoice
    sandbox
        Ask a service of your own that starts and ends with the command.
    """
    from justclick_async.cli.calling import call_method  # noqa: PLC0415

    return call_method(method, parameters, api, access, sandbox=sandbox, as_json=as_json)


@app.command
def doctor(
    *,
    sandbox: Annotated[bool, Flag] = False,
    as_json: Json = False,
    access: Access = Access(),  # noqa: B008
) -> int:
    """Tell what works on the way to the service, and what to do about the rest: exit code 1.

    Login, key, address, DNS, connection, TLS, both APIs, clock and pace. Nothing is changed.

    Parameters
    ----------
    sandbox
        Look at a service of your own that starts and ends with the command.
    """
    from justclick_async.cli.doctor import run_doctor  # noqa: PLC0415  # heavy

    return run_doctor(access, sandbox=sandbox, as_json=as_json)


@app.command
def explain(
    *given: Annotated[str, Parameter(allow_leading_hyphen=True)],  # for "-"
    hash: Annotated[str | None, Parameter(help="The hash that was sent or computed.")] = None,  # noqa: A002
    sandbox: Annotated[bool, Flag] = False,
    as_json: Json = False,
    access: Access = Access(),  # noqa: B008
) -> int:
    """Tell what has to be hashed for a request, and why another hash is wrong: exit code 1.

    Nothing is sent. The key is taken from JUSTCLICK_API_KEY, or asked for, and never shown.

    Parameters
    ----------
    given
        A file with the body of the request, - for standard input, the body itself, name=value
        parameters, or an array of PHP, as var_export and print_r write it, too. Nothing: paste it.
    sandbox
        Take login and key of an embedded sandbox.
    """
    from justclick_async.cli.explaining import run_explain  # noqa: PLC0415

    return run_explain(given, hash, access, sandbox=sandbox, as_json=as_json)


@notifications.command
def listen(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    forward: Annotated[str | None, Parameter(help="Post each event as JSON to this URL.")] = None,
    guard: Annotated[
        str | None, Parameter(help="File that remembers over a restart what was handled.")
    ] = None,
    allow_unsigned: Annotated[bool, Flag] = False,
    as_json: Json = False,
) -> int:
    """Receive notifications on any path, verify and print them, until Ctrl-C.

    What is printed is personal data of customers. The key is taken from JUSTCLICK_API_KEY, or
    asked for. An event that was not printed and forwarded is answered with 500, so that it comes
    again; one that comes twice is printed once.

    Parameters
    ----------
    host
        The address to listen on.
    port
        The port; 0 takes a free one.
    allow_unsigned
        Accept events of contacts, which the service does not sign: anybody can send these.
    """
    from justclick_async.cli.listening import Wanted  # noqa: PLC0415  # heavy
    from justclick_async.cli.listening import listen as run_listen  # noqa: PLC0415

    return run_listen(
        Wanted(
            host=host,
            port=port,
            forward=forward,
            guard=guard,
            allow_unsigned=allow_unsigned,
            as_json=as_json,
        )
    )


@notifications.command
def verify(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],  # for "-"
    /,
    *,
    allow_unsigned: Annotated[bool, Flag] = False,
    as_json: Json = False,
) -> int:
    """Tell whether a notification is genuine: exit code 0, or 1 and why not.

    Parameters
    ----------
    file
        The body of the request as it came, or - for standard input.
    allow_unsigned
        Read events of contacts, too, although nothing proves them.
    """
    from justclick_async.cli.notifying import verify as run_verify  # noqa: PLC0415  # heavy

    return run_verify(file, allow_unsigned=allow_unsigned, as_json=as_json)


@notifications.command
def send(
    kind: Kind,
    url: str,
    /,
    *fields: str,
    timeout: Annotated[float, Parameter(help="Seconds to wait for an answer.")] = 10.0,
    as_json: Json = False,
) -> int:
    """Send a correctly signed sample to an endpoint of your own and show what it answers.

    Parameters
    ----------
    kind
        What the sample tells of.
    url
        The endpoint.
    fields
        name=value, to be otherwise in the sample: email=a@example.com items[0][sum]=990.00.
        They are signed, too; hash=wrong tries a refusal.
    """
    from justclick_async.cli.notifying import send as run_send  # noqa: PLC0415  # heavy

    return run_send(kind, url, fields, timeout=timeout, as_json=as_json)


@temporal.command
def worker(
    *,
    temporal: Annotated[
        str | None,
        Parameter(help="HOST:PORT of the server; TEMPORAL_ADDRESS, or localhost:7233."),
    ] = None,
    namespace: Annotated[
        str | None, Parameter(help="Namespace on it; TEMPORAL_NAMESPACE, or default.")
    ] = None,
    rate: Annotated[
        float,
        Parameter(help="Requests a second of the account, over all workers; 0 is unlimited."),
    ] = 10.0,
    concurrency: Annotated[int, Parameter(help="Requests of one worker under way at once.")] = 100,
    workers: Annotated[int, Parameter(help="Processes; one that dies is replaced.")] = 1,
    access: Access = Access(),  # noqa: B008
) -> int:
    """Send rows of imports that run on Temporal, for one account, until Ctrl-C.

    Start as many as you like, on any machine that finds files and journals under the same paths.
    Give all of them the same rate: Temporal holds it for all of them together.
    """
    from justclick_async.cli.temporal import Wanted, run_worker  # noqa: PLC0415  # an extra

    return run_worker(
        Wanted(
            temporal=temporal,
            namespace=namespace,
            rate=rate,
            concurrency=concurrency,
            workers=workers,
            access=access,
        )
    )


@app.command(name="sandbox")
def run_sandbox() -> int:
    """Run a local JustClick to try things out; justclick sandbox --help lists its options."""
    raise NotImplementedError  # handed over before arguments are read


add_methods(app)
