"""What all formats refuse."""

from __future__ import annotations

import pytest

from optiplug.document import parse
from optiplug.errors import ConfigError


@pytest.mark.parametrize("format", ["yaml", "json", "toml"])
def test_an_empty_text_is_no_document(format):
    with pytest.raises(ConfigError, match="the file is empty"):
        parse(" \n", format)


def test_an_unknown_format_is_refused():
    with pytest.raises(ConfigError, match="one of yaml, toml, json"):
        parse("a: 1", "ini")
