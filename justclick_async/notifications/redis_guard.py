"""A replay guard in Redis, for receivers on several machines (extra ``redis``).

::

    from redis import Redis
    from justclick_async.notifications.redis_guard import RedisReplayGuard

    router = Router(api_key=key, guard=RedisReplayGuard(Redis.from_url("redis://localhost")))
"""

from __future__ import annotations

from secrets import token_hex
from typing import Any, cast

from redis import Redis

from justclick_async.errors import InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import type_name
from justclick_async.notifications.replay import (
    MAX_VARIANTS,
    BaseGuard,
    Claim,
    EventKey,
    check_seconds,
)

__all__ = ["RedisReplayGuard"]

_CLAIM = """
local found = redis.call('GET', KEYS[1])
if found == 'done' then return 'done' end
if found then return 'in flight' end
redis.call('SADD', KEYS[2], ARGV[1])
if redis.call('SCARD', KEYS[2]) > tonumber(ARGV[4]) then
    redis.call('SREM', KEYS[2], ARGV[1])
    return 'too many'
end
redis.call('PEXPIRE', KEYS[2], ARGV[5])
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 'new'
"""

_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[2] then
    redis.call('DEL', KEYS[1])
    redis.call('SREM', KEYS[2], ARGV[1])
end
"""


class RedisReplayGuard(BaseGuard):
    """Remembers events in Redis, for any number of processes on any number of machines.

    Args:
        client: The client of Redis; the one that blocks, since guards are called in a thread.
        prefix: What the keys in Redis begin with.
        lease: Seconds after which an event that is still *being handled* is given to the next
            delivery: longer than any handler takes, since its process must have died.
        keep: Seconds for which handled events are remembered: 90 days.

    Raises:
        InvalidInput: *client* is not a ``redis.Redis``, or a number is not positive.
    """

    def __init__(
        self,
        client: Redis,
        *,
        prefix: str = "justclick:events:",
        lease: float = 300.0,
        keep: float = 90 * 86400.0,
    ) -> None:
        if not isinstance(client, Redis):
            raise InvalidInputType(
                _("client must be redis.Redis, not {type}.", type=type_name(client)),
                field="client",
                hint=_("Pass Redis.from_url(...)."),
            )
        self._client = cast("Any", client)  # its annotations do not tell it from the async client
        self._prefix = prefix
        self._lease = int(1000 * check_seconds(lease, "lease", default="300"))
        self._keep = int(1000 * check_seconds(keep, "keep", default="7776000"))
        self._owners: dict[str, str] = {}

    def claim(self, key: str) -> Claim:
        """Return whether to handle an event; if ``NEW``, it is being handled from now on."""
        owner = token_hex(8)
        bounds = (self._lease, MAX_VARIANTS, self._keep)
        answer = self._client.eval(_CLAIM, 2, *self._names(key), key, owner, *bounds)
        claim = Claim(answer.decode() if isinstance(answer, bytes) else answer)
        if claim is Claim.NEW:
            # Where another thread holds it beyond its lease, neither may release it.
            self._owners[key] = "" if key in self._owners else owner
        return claim

    def finish(self, key: str) -> None:
        """Remember that an event was handled."""
        self._owners.pop(key, None)
        self._client.set(self._names(key)[0], "done", px=self._keep)

    def release(self, key: str) -> None:
        """Forget the claim: handling the event failed."""
        owner = self._owners.pop(key, None)
        if owner:
            self._client.eval(_RELEASE, 2, *self._names(key), key, owner)

    def _names(self, key: str) -> tuple[str, str]:
        # The braces keep both keys on one node of a cluster.
        signature = f"{self._prefix}{{{EventKey.parse(key).signature}}}"
        return f"{signature}:{key}", f"{signature}:amounts"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(prefix={self._prefix!r})"
