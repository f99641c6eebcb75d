"""Examples of calls to copy."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["snippets"]

_PHP = """\
<?php
$params = [
    'bill_email' => 'anna@example.com',
    'bill_first_name' => 'Anna',
    'goods' => [['good_name' => 'invoice', 'good_sum' => 1500]],
];
$params['hash'] = md5(http_build_query($params) . '::@LOGIN@::@KEY@');

$curl = curl_init('@URL@/api/CreateOrder');
curl_setopt($curl, CURLOPT_POSTFIELDS, http_build_query($params));
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
echo curl_exec($curl);
"""

_SHELL = """\
query='bill_email=anna%40example.com&goods%5B0%5D%5Bgood_name%5D=invoice'
hash=$(printf %s "$query::@LOGIN@::@KEY@" | md5sum | cut -c 1-32)
curl -d "$query&hash=$hash" @URL@/api/CreateOrder
"""

_SHELL_V2 = """\
curl -d rpsKey=@KEY@ -d product_names=invoice \\
  -d customer_email=anna@example.com @URL@/api/createorder
"""

_PYTHON = """\
from @SDK@ import Good, JustClick, Order

with JustClick("@LOGIN@", "@KEY@", base_url="@URL@") as client:
    order = Order(email="anna@example.com", goods=[Good("invoice")])
    print(client.create_order(order))
"""

_ALL: Mapping[str, str] = {
    "PHP": _PHP,
    "curl": _SHELL,
    "curl, API 2.0": _SHELL_V2,
    "Python": _PYTHON,
}


def snippets(url: str, login: str, api_key: str) -> dict[str, str]:
    """Return a first call in each language, by its name.

    Args:
        url: Where the sandbox listens.
        login: Of the account.
        api_key: A key that may be shown, or a placeholder.
    """
    sdk = __name__.partition(".")[0]
    values = {"@SDK@": sdk, "@URL@": url, "@LOGIN@": login, "@KEY@": api_key}
    return {name: _filled(text, values) for name, text in _ALL.items()}


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text
