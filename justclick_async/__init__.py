"""The JustClick (InfluencerSoft) API: async first, blocking from the same definitions.

    async with AsyncJustClick("login", "key") as client:
        created = await client.create_order(Order(email="...", goods=[Good("invoice")]))

    with JustClick("login", "key") as client:
        created = client.create_order(Order(email="...", goods=[Good("invoice")]))
"""

import logging

__version__ = "0.1.0"
