"""On a mesh: all state is there too, laid out as the model is, and what does not fit is refused."""

import warnings

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.experimental import dtensor

import optiplug
from support.device_places import BY_MODEL, ONE, OnMesh
from support.meshes import mesh, whole
from support.placed_runs import EVERYTHING, SGD, SHAPES, Run, assert_equal, batches
from support.strategies import mirrored


def test_mesh():
    """A DTensor mesh: state is laid out as its variable, and the step runs over the whole mesh.

    Differs: the averages of `use_ema` do move there, the global norm is that of whole variables, and all of
    the state is on the mesh; `from_config` takes a mesh too; it says once that TensorFlow compiles nothing.
    """
    run = Run(BY_MODEL, {"learning_rate": 0.5}, mesh=mesh(2, 2))
    optimizer, scale = run.optimizer, run.model["scale"]
    assert optimizer.iterations.layout == dtensor.Layout.replicated(mesh(2, 2), 0)  # before any variable
    assert optimizer.learning_rate.layout == dtensor.Layout.replicated(mesh(2, 2), 0)
    optimizer.learning_rate = 0.25
    optimizer.apply_gradients([(scale.read_value(), scale)])
    np.testing.assert_allclose(whole(scale), 0.75 * Run(ONE).model["scale"].numpy())

    config = optimizer.get_config()
    assert "mesh" not in config
    kind = type(optimizer)
    for again in (
        kind.from_config(config, mesh=mesh(2, 2)),
        kind(mesh=mesh(2, 2)),
        kind(optimizer.config, mesh=mesh(2, 2)),
        optiplug.from_config(optimizer.config, mesh=mesh(2, 2)),
    ):
        assert again.iterations.layout.mesh == mesh(2, 2)
    assert not hasattr(kind.from_config(config).iterations, "layout")
    with pytest.raises(optiplug.ConfigError, match=r"`mesh` must be .*Mesh.*'here'.*create_mesh"):
        optiplug.create("sgd", mesh="here")


def test_state_is_laid_out_as_its_variable():
    run = Run(BY_MODEL, EVERYTHING).train(batches()[:3])
    for slot in ("momentum", "ema/average", "accumulate/sum"):
        for name, variable in run.model.items():
            assert run.state(f"{slot}/{name}").layout == variable.layout
    for name in ("iterations", "accumulate/count", "skip_non_finite/skipped"):
        assert run.state(name).layout == dtensor.Layout.replicated(mesh(2, 2), 0)
    for name, variable in run.model.items():
        given = BY_MODEL.tensor(np.zeros(SHAPES[name], "float32"), name)
        assert dtensor.fetch_layout(variable.read_value()) == dtensor.fetch_layout(given)


def test_state_of_another_shape_is_replicated():
    class Rows(optiplug.Optimizer):
        def build(self, var_list):
            super().build(var_list)
            self.rows = self.add_slot("rows", shape=lambda variable: variable.shape[:1], initial=2.0)

        def update_step(self, gradient, variable):
            rows = self.rows[variable]
            rows.assign_add(tf.reduce_sum(gradient, 1))
            variable.assign_sub(gradient * rows[:, None])

    variable = OnMesh({"w": ["x", "y"]}).variable(np.ones([4, 6], "float32"), "w")
    optimizer = Rows("rows", jit_compile=False)
    optimizer.apply_gradients([(variable.read_value(), variable)])
    rows = optimizer.state.states["rows/w"]
    assert rows.variable.layout == dtensor.Layout.replicated(mesh(2, 2), 1)
    np.testing.assert_array_equal(rows.numpy(), [8.0] * 4)
    np.testing.assert_array_equal(whole(variable), np.full([4, 6], -7.0))


def test_first_values_may_have_constants_in_them():
    """Eager operations of DTensor take none but scalars."""
    weights = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")

    class Weighted(optiplug.Optimizer):
        def build(self, var_list):
            super().build(var_list)
            self.weighted = self.add_slot(
                "weighted", initial=lambda variable: variable * tf.constant(weights)
            )
            norm = optiplug.numerics.global_norm
            self.norm = self.add_state("norm", initial=lambda: norm(var_list, tf.float64), dtype="float64")

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    variables = [OnMesh({"w": ["x", "y"]}).variable(weights, "w"), OnMesh({}).variable(weights, "v")]
    optimizer = Weighted("weighted", jit_compile=False)
    optimizer.build(variables)
    for variable in variables:
        state = optimizer.weighted[variable]
        assert state.variable.layout == variable.layout
        np.testing.assert_array_equal(state.numpy(), weights**2)
    assert optimizer.norm.numpy() == pytest.approx(np.sqrt(60), rel=1e-15)


def test_a_scalar_condition_is_refused():
    class Chooses(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            rate = tf.where(self.iterations > 0, 2.0, 1.0)  # a scalar of scalars does no harm
            variable.assign_sub(tf.where(rate > 1, gradient, gradient * rate))

    variable = OnMesh({}).variable(np.ones([2], "float32"), "w")
    refused = pytest.raises(optiplug.HookError, match=r"test_dtensor\.py:\d+: .*tf\.where.*numerics\.where")
    for wrap in (lambda step: step, tf.function):
        optimizer = Chooses("chooses", jit_compile=False)
        with refused:
            wrap(lambda: optimizer.apply_gradients([(variable.read_value(), variable)]))()  # noqa: B023
    np.testing.assert_array_equal(whole(variable), [1.0, 1.0])


def test_averages_and_reports():
    run = Run(BY_MODEL, {"use_ema": True}, "adam").train(batches()[:3])
    before, layouts = run.values(), [each.layout for each in run.variables]
    with run.optimizer.averaged_weights():
        for name, variable in run.model.items():
            average = before[f"ema/average/{name}"]
            assert not np.array_equal(average, before[name])
            np.testing.assert_array_equal(whole(variable), average)
    assert_equal(run.values(), before)
    assert [each.layout for each in run.variables] == layouts
    held = sum(value.nbytes for name, value in before.items() if name not in SHAPES)
    assert run.optimizer.state_report().total == held
    assert run.optimizer.explain()["kernel"].parts


def test_it_says_once_that_nothing_is_compiled():
    run = Run(BY_MODEL)
    pairs = [(variable.read_value(), variable) for variable in run.variables]
    optimizer = optiplug.create("sgd")
    with pytest.warns(UserWarning, match=r"sgd: .*DTensor.*compiles nothing.*jit_compile=False"):
        optimizer.apply_gradients(pairs[:1])
    for quiet in (optimizer, optiplug.create("sgd", jit_compile="auto")):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            quiet.apply_gradients(pairs)


def test_what_does_not_fit_a_mesh_is_refused():
    run = Run(BY_MODEL, SGD)
    kernel = run.model["kernel"]
    pair = (kernel.read_value(), kernel)
    with pytest.raises(optiplug.ReplicaContextError, match=r"same mesh.*x: 2, y: 2.*'plain:0'.*DVariables"):
        run.optimizer.apply_gradients([pair, (tf.constant(1.0), tf.Variable(1.0, name="plain"))])
    assert run.optimizer.variables == []

    early = optiplug.create("sgd", jit_compile=False)
    assert int(early.iterations) == 0  # creates the variable, off the mesh
    with pytest.raises(optiplug.ReplicaContextError, match=r"same mesh.*'iterations:0'.*`mesh=`"):
        early.apply_gradients([pair])

    for elsewhere in (mesh(4), mesh(2)):
        with pytest.raises(optiplug.ReplicaContextError, match=r"same mesh.*'kernel:0'"):
            optiplug.create("sgd", mesh=elsewhere).build(run.variables)
    with pytest.raises(optiplug.ReplicaContextError, match=r"same mesh.*'w:0'"):
        optiplug.create("sgd", mesh=mesh(2, 2)).build([tf.Variable(1.0, name="w")])
    with mirrored(4).scope(), pytest.raises(optiplug.ReplicaContextError, match="MirroredStrategy"):
        run.optimizer.build(run.variables)
    with pytest.raises(optiplug.ConfigError, match=r"by rows.*lazy"):
        optiplug.create("sgd", sparse="lazy", jit_compile=False).build(run.variables)
