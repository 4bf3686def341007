"""A YAML language server as an editor talks to it: documents in, diagnostics and completions out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Self


class YamlLanguageServer:
    """The process `yaml-language-server`, with a schema for every document that names it."""

    def __init__(self, command: str, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [command, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._number = 0
        self._ask("initialize", processId=None, rootUri=folder.as_uri(), capabilities=_CAPABILITIES)
        self._tell("initialized")
        self._tell("workspace/didChangeConfiguration", settings={"yaml": _SETTINGS})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def diagnostics(self, name: str, text: str) -> list[dict[str, Any]]:
        """Open a document and return what the server says of it."""
        uri = self._open(name, text)
        while True:
            message = self._read()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                return message["params"]["diagnostics"]

    def completions(self, name: str, text: str) -> list[str]:
        """Return what an editor offers at the end of a document."""
        uri, lines = self._open(name, text), text.split("\n")
        place = {"line": len(lines) - 1, "character": len(lines[-1])}
        found = self._ask("textDocument/completion", textDocument={"uri": uri}, position=place)
        return [item["label"] for item in found["items"]]

    def _open(self, name: str, text: str) -> str:
        uri = (self._folder / name).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", textDocument=document)
        return uri

    def _ask(self, method: str, **params: object) -> Any:
        self._number += 1
        self._write({"id": self._number, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == self._number and "method" not in message:
                return message["result"]

    def _tell(self, method: str, **params: object) -> None:
        self._write({"method": method, "params": params})

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message = json.loads(self._process.stdout.read(length))
        if "id" in message and "method" in message:
            self._answer(message)
        return message

    def _answer(self, message: dict[str, Any]) -> None:
        """Answer what the server asks its editor: the settings of each section, and nothing else."""
        items = message["params"].get("items") if message["method"] == "workspace/configuration" else None
        result = items and [_SETTINGS if each.get("section") == "yaml" else {} for each in items]
        self._write({"id": message["id"], "result": result})


_SETTINGS = {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}
_CAPABILITIES = {
    "textDocument": {"publishDiagnostics": {}, "completion": {}},
    "workspace": {"configuration": True},
}
