"""The tree of commands; the module of a command is loaded when it is used.

``justclick --help`` has to start fast, so that summaries are written here and nothing else is
loaded.
"""

from __future__ import annotations

from cyclopts import App

from justclick_async.cli.help import HelpFormatter
from justclick_async.messages import _
from justclick_async.php import COMPILED
from justclick_async.version import __version__

__all__ = ["app"]


def describe_versions() -> str:
    """Return the versions that matter for a report of a fault."""
    import platform  # noqa: PLC0415  # not needed for help pages
    from importlib.metadata import version  # noqa: PLC0415

    python = f"{platform.python_implementation()} {platform.python_version()}"
    used = (f"{name} {version(name)}" for name in ("aiohttp", "attrs", "cattrs", "cyclopts"))
    core = "compiled" if COMPILED else "pure Python"
    return f"{__version__} ({core})\n{python}, {', '.join(used)}\n{platform.platform()}"


app: App = App(
    name="justclick",
    help=_("The JustClick API from the command line."),
    version=describe_versions,
    help_format="plaintext",
    help_formatter=HelpFormatter(),
)
notifications: App = App(name="notifications", help=_("Receive, verify and send webhooks."))
temporal: App = App(name="temporal", help=_("Run imports on many machines with Temporal."))
profiles: App = App(name="profiles", help=_("Accounts with a name, their keys in the keyring."))
app.command(notifications)
app.command(profiles)
app.command(temporal)

app.command(
    "justclick_async.cli.import_command:import_file",
    name="import",
    help=_("Import orders, statuses, contacts, goods or tags from a file.")
    + "\n\n"
    + _(
        "A journal records every row. After Ctrl-C, a crash or a power cut, run the same command "
        "again: it continues, and no order is created twice or left out. The results are in "
        "FILE.success.csv, FILE.failed.csv and FILE.unprocessed.csv."
    ),
)
app.command(
    "justclick_async.cli.export_command:export_list",
    name="export",
    help=_("Export orders, goods, coupons, groups, partners or managers to a file.")
    + "\n\n"
    + _(
        "Run the same command again to add what is new and update what has changed; it reads the "
        "last four weeks once more. A file FILE.export beside the file keeps the state. Orders "
        "can be imported again. The API cannot list contacts, and does not show that an older "
        "order was cancelled, refunded or deleted."
    ),
)
app.command(
    "justclick_async.cli.call:call", name="call", help=_("Call any method of the service by name.")
)
app.command(
    "justclick_async.cli.doctor:doctor",
    name="doctor",
    help=_("Check login, key, network, TLS, both APIs and the clock.")
    + "\n\n"
    + _("Nothing is changed in the account. The exit code is 1 if a check fails."),
)
app.command(
    "justclick_async.cli.explain:explain_request",
    name="explain",
    help=_("Show what is hashed for a request, and why another hash is wrong.")
    + "\n\n"
    + _(
        "Nothing is sent. The key is read from JUSTCLICK_API_KEY or typed in, and never shown. The "
        "exit code is 1 if the hash is wrong."
    ),
)
app.command(
    "justclick_async.cli.probe:probe",
    name="probe",
    help=_("Find out how an account behaves where the documentation is silent.")
    + "\n\n"
    + _(
        "Without --write it only reads. Every request is shown without the key, and sent if you "
        "agree. After Ctrl-C it removes what it has created. justclick sandbox --assume-file FILE "
        "then responds as the account does."
    ),
)
app.command(
    "justclick_async.cli.sandbox:sandbox",
    name="sandbox",
    help=_("Run a local JustClick for development and tests.")
    + "\n\n"
    + _("GET /sandbox/assumptions.json explains the choices of --assume; the default is first."),
)
app.command(
    "justclick_async.cli.completion:install_completion",
    name="--install-completion",
    help=_("Install completion by the Tab key for bash, zsh or fish."),
)

notifications.command(
    "justclick_async.cli.listen:listen",
    name="listen",
    help=_("Receive, verify and print notifications until Ctrl-C.")
    + "\n\n"
    + _(
        "The output is personal data of customers. The key is read from JUSTCLICK_API_KEY or typed "
        "in. An event that could not be printed and forwarded is answered with 500, so that it is "
        "delivered again; a duplicate is printed once."
    ),
)
notifications.command(
    "justclick_async.cli.catch_up:catch_up",
    name="catch-up",
    help=_("Print events whose notifications did not arrive: orders created or paid since a time."),
)
notifications.command(
    "justclick_async.cli.catch_up:replay",
    name="replay",
    help=_("Print and forward events again that listen --save has kept."),
)
notifications.command(
    "justclick_async.cli.verify:verify",
    name="verify",
    help=_("Verify the hash of a notification: exit code 0, or 1 with the reason."),
)
notifications.command(
    "justclick_async.cli.send:send",
    name="send",
    help=_("Send a signed sample to your own endpoint and show the response."),
)
temporal.command(
    "justclick_async.cli.temporal:worker",
    name="worker",
    help=_("Send rows of imports that run on Temporal, for one account, until Ctrl-C.")
    + "\n\n"
    + _(
        "Start as many workers as you need, on any machine that has the files and journals under "
        "the same paths, and give all of them the same --rate: Temporal enforces it for all of "
        "them together."
    ),
)

profiles.command(
    "justclick_async.cli.profiles:list_profiles",
    name="list",
    help=_("List the profiles, and where their keys are."),
)
profiles.command(
    "justclick_async.cli.profiles:add",
    name="add",
    help=_("Add a profile and keep its key in the keyring of the system.")
    + "\n\n"
    + _("The key is asked for, or read from standard input; it is never written to a file."),
)
profiles.command(
    "justclick_async.cli.profiles:use",
    name="use",
    help=_("Use a profile where neither an option nor the environment names an account."),
)
profiles.command(
    "justclick_async.cli.profiles:remove",
    name="remove",
    help=_("Remove a profile, and its key from the keyring of the system."),
)
app.command(
    "justclick_async.cli.profiles:whoami",
    name="whoami",
    help=_("Show login, address and profile that commands use; nothing is sent."),
)

for _name, _help in {
    "orders": _("Orders: create, list, change the status, delete."),
    "contacts": _("Contacts and their groups."),
    "goods": _("Products of the shop."),
    "partners": _("Affiliates."),
    "v2": _("Methods of API 2.0."),
}.items():
    app.command(f"justclick_async.cli.methods:{_name}_group", name=_name, help=_help)
