"""Writes a Python program that makes the given calls through a generated client, the package plane beside it.

usage: write_calls.py calls.json > calls.py. The program prints `operationId status` for each call.
"""

import importlib
import inspect
import json
import pkgutil
import sys

import plane.api
from openapi_python_client.strings import PythonIdentifier

with open(sys.argv[1], encoding="utf-8") as file:
    calls = json.load(file)
modules = {info.name.rsplit(".", 1)[-1]: info.name for info in pkgutil.walk_packages(plane.api.__path__, "plane.api.")}


def name_of(text: str) -> str:
    return PythonIdentifier(value=text, prefix="field_")


def is_named(annotation: object, name: str) -> bool:
    return getattr(annotation, "__name__", "") == name


lines: list[str] = []
for number, call in enumerate(calls):
    module = modules[name_of(call["operationId"])]
    lines.append(f"import {module} as op{number}")
    function = getattr(importlib.import_module(module), "sync_detailed")
    # A stream that is there would not end, and this client reads an answer to its end.
    path = {**call["path"], "path": "none"} if call["answer"] == "stream" else call["path"]
    arguments = {name_of(name): repr(value) for name, value in [*path.items(), *call["query"].items()]}
    if "body" in call:
        value = call["body"]["value"]
        annotation = inspect.signature(function, eval_str=True).parameters["body"].annotation
        candidates = [it for it in getattr(annotation, "__args__", (annotation,)) if not is_named(it, "Unset")]
        model = candidates[0]
        if is_named(model, "File"):
            arguments["body"] = f"File(payload=BytesIO({value.encode()!r}))"
        elif hasattr(model, "from_dict"):
            arguments["body"] = f"models.{model.__name__}.from_dict({value!r})"
        else:
            arguments["body"] = repr(value)
    keywords = ", ".join(f"{name}={value}" for name, value in arguments.items())
    lines.append(f"show({call['operationId']!r}, op{number}.sync_detailed({keywords}{', ' if keywords else ''}client=client))")

print(
    """import sys
from io import BytesIO
from typing import Any

from plane import models
from plane.client import Client
from plane.types import File, Response

url, authorization = sys.argv[1:3]
client = Client(base_url=url, headers={"authorization": authorization}, raise_on_unexpected_status=True)
unused = (BytesIO, File, models)


def show(operation_id: str, response: Response[Any]) -> None:
    print(operation_id, int(response.status_code))

"""
)
print("\n".join(lines))
