"""The command `optiplug convert-state`."""

from __future__ import annotations

import contextlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Annotated, Any

import typer

import optiplug
from optiplug import StateError
from optiplug.checkpoint.files import opened
from optiplug.document import read

from .command import FORMAT
from .conversion import convert

__all__ = ["convert_state"]

_METADATA = "metadata.json"
_LARGEST = 2**20

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", show_default=False, help="A model that Keras saved, as .keras."),
]
Output = Annotated[
    Path,
    typer.Option(metavar="PREFIX", show_default=False, help="The checkpoint, as of tf.train.Checkpoint."),
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        show_default=False,
        help="The config of ours; by default that of the model, converted.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a checkpoint that is there.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what went where as JSON.")]


def convert_state(
    file: File, *, output: Output, config: Config = None, force: Force = False, as_json: AsJson = False
) -> None:
    """Continue a model of Keras: write the state of its optimizer as a checkpoint of ours.

    It prints what went where. What is left over or missing is refused with exit code 5.
    The checkpoint is one of tf.train.Checkpoint(optimizer=..., model=...).
    """
    if file.suffix != ".keras":
        rule = (
            "must end in .keras: in other files Keras has no state of an optimizer that it would find again"
        )
        raise typer.BadParameter(rule, param_hint="FILE")
    index = output.with_name(f"{output.name}.index")
    if index.exists() and not force:
        rule = "exists already, and is not replaced without --force"
        raise typer.BadParameter(rule, param_hint=f"--output {output}")
    with contextlib.redirect_stdout(sys.stderr):
        moved = _moved(file, output, config)
    if as_json:
        rows = [{"source": each.source, "shape": each.shape, "name": each.name} for each in moved]
        typer.echo(json.dumps({"format": FORMAT, "checkpoint": str(output), "moved": rows}, indent=2))
        return
    for each in moved:
        typer.echo(str(each))


def _moved(file: Path, output: Path, config: Path | None) -> tuple[Any, ...]:
    import tensorflow as tf

    from .state import convert_state as continued

    keras = _keras(file)
    model = _model(keras, file)
    if getattr(model, "optimizer", None) is None:
        raise StateError("the model was saved without an optimizer", where=str(file))
    told = read(config).data if config else convert(keras.optimizers.serialize(model.optimizer)).fields
    ours = optiplug.from_config(told)
    moved = continued(model.optimizer, ours, model.trainable_variables)
    # Beside the model, whose variables may have other paths where it is made anew.
    tf.train.Checkpoint(optimizer=ours, model=model).write(str(output))
    return moved


def _keras(file: Path) -> Any:
    """Return the Keras that saved a file."""
    try:
        with (
            opened(file) as regular,
            zipfile.ZipFile(regular) as archive,
            archive.open(_METADATA) as told,
        ):
            version = str(json.loads(told.read(_LARGEST)).get("keras_version", ""))
    except (OSError, AttributeError, KeyError, ValueError, RecursionError, zipfile.BadZipFile) as error:
        raise StateError(f"cannot be read as a model of Keras: {error}", where=str(file)) from None
    if version.startswith("2."):
        import tf_keras

        return tf_keras
    import keras

    return keras


def _model(keras: Any, file: Path) -> Any:
    try:
        # Without the safe mode Keras would run code in a file; tf_keras imports what it names in either.
        return keras.models.load_model(file, safe_mode=True)
    except Exception as error:  # Keras raises whatever it meets in a file
        hint = "load it in Python, with your own classes, and call optiplug_convert.convert_state"
        raise StateError(f"Keras cannot load it: {error}", where=str(file), hint=hint) from error
