"""An optimizer from a config file."""

import pytest

import optiplug
from optiplug_sgd.config import SGDConfig


def test_a_file_is_a_config(tmp_path):
    for name, text in {
        "a.yaml": "use: sgd\nlearning_rate: 5e-1\n",
        "a.json": '{"use": "sgd", "learning_rate": 5e-1}',
        "a.toml": 'use = "sgd"\nlearning_rate = 5e-1\n',
    }.items():
        path = tmp_path / name
        path.write_text(text)
        assert optiplug.from_config(path).config == SGDConfig(learning_rate=0.5)
    path.write_text('use = "sgd"\nlearning_rat = 0.5\n')
    with pytest.raises(optiplug.ConfigError, match=r"a.toml:2:1: learning_rat: .*learning_rate"):
        optiplug.from_config(path)


@pytest.mark.parametrize(("name", "ours"), [("adam_w", "adamw"), ("rm_sprop", "rmsprop")])
def test_names_of_keras_3(name, ours):
    assert optiplug.create(name, learning_rate=0.5).config == optiplug.create(ours, learning_rate=0.5).config
