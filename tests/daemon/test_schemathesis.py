"""A daemon against its own OpenAPI document: what one allows, the other must take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FUNCTIONS = '''
from typing import Annotated
from pydantic import BaseModel, Field, StrictStr
from protocols.http import HTTPError, Upload

class Order(BaseModel):
    """What a customer asks for."""
    item: StrictStr
    size: Annotated[StrictStr, Field(max_length=5)] = "M"

class Quote(BaseModel):
    item: str
    total: float

async def price(order: Order) -> Quote:
    """Say what it costs."""
    return Quote(item=order.item, total=len(order.size) * 2.5)

async def item(id: Annotated[int, Field(ge=0)], q: str = "", tags: list[str] = ()) -> dict[str, str]:
    return {"id": str(id), "q": q}

async def change(id: Annotated[int, Field(ge=0)], order: Order, dry: bool = False) -> None:
    pass

def length(name: str) -> int:
    return len(name)
'''

SERVICES = """
services:
  web:
    listen: tcp://127.0.0.1:0
    http:
      /price: {function: functions:price, methods: [POST]}
      /items/{id}: {function: functions:item, methods: [GET]}
      /change/{id}: {function: functions:change, methods: [PUT]}
      /length/{name}: {function: functions:length, methods: [GET]}
      /docs/: {docs: Checked}
"""


def test_what_is_documented_is_what_is_served(real_daemon, written, tmp_path):
    daemon = real_daemon(written(SERVICES, FUNCTIONS)).ready()
    url = f"http://127.0.0.1:{daemon.port('web')}"
    command = [Path(sys.executable).with_name("schemathesis"), "run", "--max-examples", "25", "--seed", "1"]
    # A 404 for what is below /docs/ is right, and says nothing of the others.
    command += ["--exclude-path-regex", "^/docs/", "--url", url, f"{url}/docs/openapi.json"]
    # It keeps what it finds in the current folder.
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert daemon.stop() == 0
    assert daemon.errors == ""
