"""What the devices of fleet.yaml say."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field


class Reading(BaseModel):
    """The pressure in one device."""

    device: Annotated[str, Field(min_length=1, max_length=64)]
    bar: Annotated[float, Field(ge=0, le=1000)]
