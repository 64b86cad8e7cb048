"""What values that are told have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Something that is told, and never changed; unknown keys, which a newer daemon may send, are ignored."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)
