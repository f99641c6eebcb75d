"""A replay guard in the database of a Django project: put this into ``models.py`` of an app."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from justclick_async.notifications import Claim

LEASE = timedelta(minutes=5)  # longer than any handler takes


class HandledEvent(models.Model):
    """An event that was handled, or is being handled."""

    key = models.CharField(max_length=200, primary_key=True)
    done = models.BooleanField(default=False)
    since = models.DateTimeField(default=timezone.now)


class DjangoGuard:
    """Pass it to the router: ``Router(api_key=..., guard=DjangoGuard())``."""

    def claim(self, key: str) -> Claim:
        """Return whether to handle an event."""
        _, new = HandledEvent.objects.get_or_create(key=key)
        now = timezone.now()
        expired = HandledEvent.objects.filter(key=key, done=False, since__lt=now - LEASE)
        if new or expired.update(since=now):
            return Claim.NEW
        done = HandledEvent.objects.filter(key=key, done=True).exists()
        return Claim.DONE if done else Claim.IN_FLIGHT

    def finish(self, key: str) -> None:
        """Remember that an event was handled."""
        HandledEvent.objects.update_or_create(key=key, defaults={"done": True})

    def release(self, key: str) -> None:
        """Forget the claim: handling the event failed."""
        HandledEvent.objects.filter(key=key, done=False).delete()
