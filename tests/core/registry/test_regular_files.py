"""What is no regular file is refused at once."""

from __future__ import annotations

import os

import pytest

from optiplug._registry.regular_files import opened_regular


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_is_refused(make, tmp_path):
    make(tmp_path / "it")
    with pytest.raises(OSError, match="it is no regular file"):
        opened_regular(str(tmp_path / "it"), os.O_RDONLY)
    with pytest.raises(OSError, match="it is no regular file"):
        opened_regular(os.devnull, os.O_RDONLY)


def test_a_regular_one_is_opened(tmp_path):
    (tmp_path / "it").write_text("text")
    with open(tmp_path / "it", opener=opened_regular) as file:
        assert file.read() == "text"
