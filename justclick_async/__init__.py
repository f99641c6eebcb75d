"""The JustClick (InfluencerSoft) API: async first, blocking from the same definitions."""

__version__ = "0.1.0"
