"""A simulated relay: OpenAI-compatible, on a real socket, with faults on request. It names itself in every answer."""

from .books import Call
from .faults import FAULTS
from .relay import SimulatedRelay
from .settings import Settings

__all__ = ["FAULTS", "Call", "Settings", "SimulatedRelay"]
