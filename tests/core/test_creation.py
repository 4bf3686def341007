"""An optimizer from a config file."""

import pytest

import optiplug
from optiplug.locking import lock_of
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


def test_a_lock_file_holds_for_all_ways_to_say_a_config(tmp_path):
    config = optiplug.create("sgd", learning_rate=0.5, clipnorm=1.0).config
    lock, path = tmp_path / "optiplug.lock", tmp_path / "sgd.yaml"
    path.write_text("use: sgd\nlearning_rate: 0.5\nclipnorm: 1.0\n")
    lock.write_text(lock_of([config]).text())
    for each in (config, config.dump(), path, str(path)):
        assert optiplug.from_config(each, lock=lock).config == config
    lock.write_text(lock_of([SGDConfig()]).text())
    for each, where in ((config, ""), (config.dump(), ""), (path, f"{path}:3:11: ")):
        with pytest.raises(optiplug.IncompatiblePluginError) as caught:
            optiplug.from_config(each, lock=str(lock))
        assert str(caught.value).startswith(f"{where}clipnorm.use: clip_by_norm@optiplug-processors")
    path.write_text("use: sgd\nlearning_rate: -1\n")
    with pytest.raises(optiplug.ConfigError, match=r"sgd\.yaml:2:16: learning_rate: must be >= 0") as caught:
        optiplug.from_config(path, lock=lock)
    assert not isinstance(caught.value, optiplug.PluginError)
    with pytest.raises(optiplug.ConfigError, match="the lock file cannot be read"):
        optiplug.from_config(config, lock=tmp_path / "nowhere.lock")
