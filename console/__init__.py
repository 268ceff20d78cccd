"""The query API: what was derived, shown to whoever may see it."""

from console.api import create_api
from console.service import Service

__all__ = ["Service", "create_api"]
