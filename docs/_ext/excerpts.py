"""Sphinx extension: the search shows excerpts of pages that are opened as files, too.

It fetches each page that it found, which browsers allow from a server and not from files. There it reads
their texts from a script beside the pages instead.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

__all__ = ["text_of"]

SCRIPT = "excerpts.js"
_READ_THEM = f"""
if (location.protocol === "file:") {{
  document.write('<script src="{SCRIPT}"></' + 'script>');
  window.fetch = (url) => {{
    const page = url.replace(/^\\.\\//, "").split(/[?#]/)[0];
    return Promise.resolve(new Response(`<div role="main">${{EXCERPTS[page] || ""}}</div>`));
  }};
}}
"""
_MAIN = re.compile(r'<article role="main".*?>(.*?)</article>', re.DOTALL)
_INLINE = re.compile(r"</?(a|code|em|span|strong)\b(?! class=\"headerlink\")[^>]*>")
_NO_TEXT = re.compile(r"<(script|style|math)\b.*?</\1>|<a class=\"headerlink\"[^>]*>[^<]*|<[^>]+>", re.DOTALL)


def setup(app: Sphinx) -> dict[str, Any]:
    """Take part in the page of the search, and in the end of the build."""
    app.connect("html-page-context", _load)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def text_of(page: str) -> str:
    """Return the text of the main part of a page, still escaped as in HTML."""
    main = _MAIN.search(page)
    return " ".join(_NO_TEXT.sub(" ", _INLINE.sub("", main[1])).split()) if main else ""


def _load(app: Sphinx, page: str, *_rest: Any) -> None:
    if page == "search":
        app.add_js_file(None, body=_READ_THEM, priority=100)


def _write(app: Sphinx, failure: Exception | None) -> None:
    if failure is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    pages = {name: folder / app.builder.get_target_uri(name) for name in sorted(app.env.found_docs)}
    texts = {
        path.relative_to(folder).as_posix(): text_of(path.read_text())
        for path in pages.values()
        if path.exists()
    }
    (folder / SCRIPT).write_text(f"const EXCERPTS = {json.dumps(texts)};\n")
