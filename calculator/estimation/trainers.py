from typing import Any

TRAINERS: dict[str, Any] = {}
