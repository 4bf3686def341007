"""On a mesh: the same variables as on one device, laid out as the model is."""

import warnings

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.experimental import dtensor

import optiplug
from support.meshes import laid_out, mesh, whole
from support.strategies import mirrored

STEPS = 20
SHAPES = {"kernel": (4, 6), "bias": (6,), "scale": (), "table": (32, 20)}
PLAIN = {"learning_rate": 0.05}
EVERYTHING = {
    "learning_rate": {"use": "cosine", "initial_learning_rate": 0.05, "decay_steps": 12},
    "momentum": 0.9,
    "nesterov": True,
    "global_clipnorm": 1.0,
    "weight_decay": 0.01,
    "use_ema": True,
    "ema_momentum": 0.9,
    "ema_overwrite_frequency": 4,
    "processors": [{"use": "skip_non_finite"}, {"use": "accumulate", "steps": 2}],
}
CONFIGS = {"sgd": PLAIN, "everything": EVERYTHING}

# How each variable and the batch are split, by dimension of the mesh.
REPLICATED = {}
BATCH = {"batch": ["x"]}
MODEL = {"kernel": ["", "y"], "bias": ["y"], "table": ["x", "y"]}
OTHER = {"kernel": ["x", "y"], "bias": ["x"], "table": ["", "x"]}
BOTH = {"batch": ["x"], "kernel": ["", "y"], "bias": ["y"], "table": ["y"]}


def create(config, specs=None, **runtime):
    """Return variables, plain or laid out on a mesh, and an optimizer."""
    generator = np.random.default_rng(0)
    arrays = {name: generator.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}
    if specs is None:
        variables = [tf.Variable(array, name=name) for name, array in arrays.items()]
    else:
        config = {"jit_compile": False, **config}
        variables = [
            dtensor.DVariable(laid_out(mesh(2, 2), array, specs.get(name, [])), name=name)
            for name, array in arrays.items()
        ]
    return variables, optiplug.create("sgd", **config, **runtime)


def loss(variables, x):
    kernel, bias, scale, table = variables
    residual = tf.matmul(x, kernel) * scale + bias - 1.0
    return tf.reduce_mean(residual**2) + tf.reduce_sum(table**2) * 0.01


def batches(first=0, last=STEPS):
    data = np.random.default_rng(1).normal(size=(STEPS, 8, 4)).astype("float32")
    data[6:8, 0, 0] = np.nan
    return data[first:last]


def train(variables, optimizer, specs=None, data=None, *, graph=True):
    def gradients(x):
        with tf.GradientTape() as tape:
            value = loss(variables, x)
        return tape.gradient(value, variables)

    # DTensor cannot take the gradient of a mean outside of a function.
    compute = gradients if graph else tf.function(gradients)

    def step(x):
        optimizer.apply_gradients(zip(compute(x), variables, strict=True))

    run = tf.function(step) if graph else step
    for batch in batches() if data is None else data:
        run(tf.constant(batch) if specs is None else laid_out(mesh(2, 2), batch, specs.get("batch", [])))


def everything(variables, optimizer):
    """Return the values of the model and of the optimizer, by name."""
    model = {name: whole(variable) for name, variable in zip(SHAPES, variables, strict=True)}
    return model | {name: whole(state.variable) for name, state in optimizer.state.states.items()}


def assert_close(values, expected):
    assert values.keys() == expected.keys()
    for name, value in values.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-6, atol=1e-6, err_msg=name)


def assert_equal(values, expected):
    assert values.keys() == expected.keys()
    for name, value in values.items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


@pytest.fixture(scope="module", params=list(CONFIGS))
def reference(request):
    """Return a config, and what a single device makes of it before and after the averages are put in."""
    config = CONFIGS[request.param]
    if request.param == "sgd":
        config = {**config, "processors": [{"use": "skip_non_finite"}]}
    variables, optimizer = create(config)
    train(variables, optimizer)
    after = everything(variables, optimizer)
    optimizer.finalize_variable_values(variables)
    return config, after, everything(variables, optimizer)


@pytest.mark.parametrize(
    ("specs", "graph"),
    [(REPLICATED, True), (BATCH, True), (MODEL, True), (BOTH, True), (MODEL, False)],
    ids=["replicated", "batch", "model", "batch and model", "model, eagerly"],
)
def test_same_values(reference, specs, graph):
    config, after, final = reference
    variables, optimizer = create(config, specs)
    train(variables, optimizer, specs, graph=graph)
    assert_close(everything(variables, optimizer), after)
    optimizer.finalize_variable_values(variables)
    assert_close(everything(variables, optimizer), final)
    assert optimizer.trace_count == 1


def test_the_reference_uses_what_it_claims(reference):
    config, after, final = reference
    assert all(np.all(np.isfinite(value)) for value in after.values())
    assert after["iterations"] == (STEPS - 2 if config["learning_rate"] == 0.05 else (STEPS - 2) / 2)
    assert after["skip_non_finite/skipped"] == 2
    if "use_ema" in config:
        assert np.abs(after["ema/average/table"] - after["table"]).max() > 1e-3
        np.testing.assert_array_equal(final["table"], after["ema/average/table"])


def test_without_any_processor():
    expected, results = None, []
    for specs in (None, MODEL):
        variables, optimizer = create(PLAIN, specs)
        train(variables, optimizer, specs, batches(8))
        results.append(everything(variables, optimizer))
    expected, result = results
    assert_close(result, expected)


def test_state_is_laid_out_as_its_variable():
    variables, optimizer = create(EVERYTHING, MODEL)
    train(variables, optimizer, MODEL, batches(0, 3))
    for slot in ("momentum", "ema/average", "accumulate/sum"):
        for name, variable in zip(SHAPES, variables, strict=True):
            assert optimizer.state.states[f"{slot}/{name}"].variable.layout == variable.layout
    for name in ("iterations", "accumulate/count", "skip_non_finite/skipped"):
        assert optimizer.state.states[name].variable.layout == dtensor.Layout.replicated(mesh(2, 2), 0)
    for name, variable in zip(SHAPES, variables, strict=True):
        given = laid_out(mesh(2, 2), np.zeros(SHAPES[name], "float32"), MODEL.get(name, []))
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

    variable = dtensor.DVariable(laid_out(mesh(2, 2), np.ones([4, 6], "float32"), ["x", "y"]), name="w")
    optimizer = Rows("rows", jit_compile=False)
    optimizer.apply_gradients([(variable.read_value(), variable)])
    rows = optimizer.state.states["rows/w"]
    assert rows.variable.layout == dtensor.Layout.replicated(mesh(2, 2), 1)
    np.testing.assert_array_equal(rows.numpy(), [8.0] * 4)
    np.testing.assert_array_equal(whole(variable), np.full([4, 6], -7.0))


def test_the_global_norm_is_that_of_the_whole_variables():
    gradients = [np.random.default_rng(2).normal(size=shape).astype("float32") for shape in SHAPES.values()]
    norm = np.sqrt(sum(np.sum(np.square(each, dtype="float64")) for each in gradients))
    for specs in (REPLICATED, MODEL, OTHER):
        variables, optimizer = create({"learning_rate": 1.0, "global_clipnorm": 1.0}, specs)
        before = everything(variables, optimizer)
        given = [
            laid_out(mesh(2, 2), each, specs.get(name, []))
            for name, each in zip(SHAPES, gradients, strict=True)
        ]
        optimizer.apply_gradients(zip(given, variables, strict=True))
        after = everything(variables, optimizer)
        for name, gradient in zip(SHAPES, gradients, strict=True):
            np.testing.assert_allclose(before[name] - after[name], gradient / norm, rtol=1e-5, atol=1e-6)


def test_gradients_of_rows():
    results = []
    for specs in (None, {"table": ["", "y"]}, {"table": ["x"]}):
        variables, optimizer = create({**EVERYTHING, "processors": []}, specs)
        table = variables[3]
        place = tf.constant if specs is None else lambda array: laid_out(mesh(2, 2), array)

        @tf.function
        def step(values, rows, table=table, optimizer=optimizer):
            optimizer.apply_gradients([(tf.IndexedSlices(values, rows, table.shape), table)])

        for rows in ([3, 3, 1], [30, 0, 3]):
            step(place(np.arange(60, dtype="float32").reshape(3, 20) / 60), place(rows))
        results.append(everything(variables, optimizer))
    for result in results[1:]:
        assert_close(result, results[0])


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("adam", {}),
        ("sgd", {"processors": [{"use": "centralize_gradients"}, {"use": "add_noise", "eta": 0.1}]}),
    ],
    ids=["adam", "noise"],
)
def test_other_optimizers_and_processors(name, config):
    results = []
    for specs in (None, MODEL):
        variables, _ = create(PLAIN, specs)
        optimizer = optiplug.create(name, jit_compile=False, **config)
        train(variables, optimizer, specs, batches(8, 12))
        results.append(everything(variables, optimizer))
    expected, result = results
    assert_close(result, expected)


def test_a_loop_in_a_function():
    results = []
    for specs in (None, MODEL):
        variables, optimizer = create(EVERYTHING, specs)

        @tf.function
        def steps(x, variables=variables, optimizer=optimizer):
            for _ in tf.range(3):
                with tf.GradientTape() as tape:
                    value = loss(variables, x)
                optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))

        (batch,) = batches(0, 1)
        for _ in range(2):
            steps(tf.constant(batch) if specs is None else laid_out(mesh(2, 2), batch))
        results.append(everything(variables, optimizer))
    expected, result = results
    assert_close(result, expected)


def test_a_second_step_in_one_function_is_refused():
    """DTensor would let it read the variables from before the first, without a word."""
    (variable, *_), optimizer = create(PLAIN, MODEL)

    @tf.function
    def steps():
        for _ in range(2):
            optimizer.apply_gradients([(variable * 2.0, variable)])

    with pytest.raises(optiplug.ReplicaContextError, match=r"only one in its function.*tf\.range"):
        steps()


def test_averaged_weights():
    variables, optimizer = create({"use_ema": True}, MODEL)
    train(variables, optimizer, MODEL, batches(0, 3))
    before = everything(variables, optimizer)
    with optimizer.averaged_weights():
        for name, variable in zip(SHAPES, variables, strict=True):
            np.testing.assert_array_equal(whole(variable), before[f"ema/average/{name}"])
    assert_equal(everything(variables, optimizer), before)


def test_late_variables():
    variables, optimizer = create(EVERYTHING, MODEL)
    plain, reference = create(EVERYTHING)
    for these, ours, place in (
        (plain, reference, tf.constant),
        (variables, optimizer, lambda x: laid_out(mesh(2, 2), x)),
    ):
        for known in (these[:2], these, these[2:]):
            for number in range(4):
                gradients = [place(np.full(variable.shape, number + 1.0, "float32")) for variable in known]
                ours.apply_gradients(zip(gradients, known, strict=True))
    assert_close(everything(variables, optimizer), everything(plain, reference))


def checkpoint(variables, optimizer):
    return tf.train.Checkpoint(optimizer=optimizer, **dict(zip(SHAPES, variables, strict=True)))


def restored(path, specs, deferred):
    """Return variables and an optimizer with the values of a checkpoint."""
    variables, optimizer = create(EVERYTHING, specs)
    if not deferred:
        optimizer.build(variables)
    status = checkpoint(variables, optimizer).restore(path)
    optimizer.build(variables)
    status.assert_consumed()
    return variables, optimizer


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return variables split among devices, their optimizer, their values and a checkpoint of them."""
    variables, optimizer = create(EVERYTHING, MODEL)
    train(variables, optimizer, MODEL, batches(0, 5))
    path = checkpoint(variables, optimizer).save(tmp_path_factory.mktemp("trained") / "on_mesh")
    return variables, optimizer, everything(variables, optimizer), path


@pytest.mark.parametrize("target", [None, REPLICATED, OTHER], ids=["plain", "replicated", "other"])
@pytest.mark.parametrize("deferred", [False, True], ids=["built", "deferred"])
def test_checkpoints_cross_layouts(trained, target, deferred, tmp_path):
    _, _, saved, path = trained
    variables, optimizer = restored(path, target, deferred)
    assert_equal(everything(variables, optimizer), saved)
    if target is not None:
        momenta = [optimizer.state.states[f"momentum/{name}"].variable for name in SHAPES]
        assert [each.layout for each in momenta] == [each.layout for each in variables]

    back = restored(checkpoint(variables, optimizer).save(tmp_path / "there"), MODEL, deferred)
    assert_equal(everything(*back), saved)


def test_training_continues_from_a_checkpoint_as_if_it_had_not_ended(trained):
    _, _, _, path = trained
    results = []
    for deferred in (False, True):
        variables, optimizer = restored(path, MODEL, deferred)
        train(variables, optimizer, MODEL, batches(5))
        results.append(everything(variables, optimizer))
    whole_run = create(EVERYTHING, MODEL)
    train(*whole_run, MODEL)
    for result in results:
        assert_equal(result, everything(*whole_run))


def test_weights_by_name_cross_layouts(trained):
    _, optimizer, _, _ = trained
    store = {}
    optimizer.save_own_variables(store)
    for specs in (None, OTHER):
        variables, other = create(EVERYTHING, specs)
        other.build(variables)
        other.load_own_variables(store)
        for name, state in other.state.states.items():
            np.testing.assert_array_equal(state.numpy(), store[name], err_msg=name)


def test_mesh():
    """A DTensor mesh: state is laid out as its variable, and the step runs over the whole mesh.

    Differs: the averages of `use_ema` do move there, the global norm is that of whole variables, and all of
    the state is on the mesh; `from_config` takes a mesh too; it says once that TensorFlow compiles nothing.
    """
    variables, optimizer = create({"learning_rate": 0.5, "jit_compile": False}, MODEL, mesh=mesh(2, 2))
    assert optimizer.iterations.layout == dtensor.Layout.replicated(mesh(2, 2), 0)  # before any variable
    assert optimizer.learning_rate.layout == dtensor.Layout.replicated(mesh(2, 2), 0)
    optimizer.learning_rate = 0.25
    optimizer.apply_gradients([(variables[2].read_value(), variables[2])])
    np.testing.assert_allclose(whole(variables[2]), 0.75 * create(PLAIN)[0][2].numpy())

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


def test_it_says_once_that_nothing_is_compiled():
    variables, _ = create(PLAIN, MODEL)
    gradients = [variable.read_value() for variable in variables]
    optimizer = optiplug.create("sgd")
    with pytest.warns(UserWarning, match=r"sgd: .*DTensor.*compiles nothing.*jit_compile=False"):
        optimizer.apply_gradients([(gradients[0], variables[0])])
    for quiet in (optimizer, optiplug.create("sgd", jit_compile="auto")):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            quiet.apply_gradients(zip(gradients, variables, strict=True))


def test_what_does_not_fit_a_mesh_is_refused():
    variables, optimizer = create(PLAIN, MODEL)
    gradient = variables[0].read_value()
    with pytest.raises(optiplug.ReplicaContextError, match=r"same mesh.*x: 2, y: 2.*'plain:0'.*DVariables"):
        optimizer.apply_gradients(
            [(gradient, variables[0]), (tf.constant(1.0), tf.Variable(1.0, name="plain"))]
        )
    assert optimizer.variables == []

    early = optiplug.create("sgd", jit_compile=False)
    assert int(early.iterations) == 0  # creates the variable, off the mesh
    with pytest.raises(optiplug.ReplicaContextError, match=r"same mesh.*'iterations:0'.*`mesh=`"):
        early.apply_gradients([(gradient, variables[0])])

    for elsewhere in (mesh(4), mesh(2)):
        with pytest.raises(optiplug.ReplicaContextError, match=r"same mesh.*'kernel:0'"):
            optiplug.create("sgd", mesh=elsewhere).build(variables)
    with pytest.raises(optiplug.ReplicaContextError, match=r"same mesh.*'w:0'"):
        optiplug.create("sgd", mesh=mesh(2, 2)).build([tf.Variable(1.0, name="w")])
    with mirrored(4).scope(), pytest.raises(optiplug.ReplicaContextError, match="MirroredStrategy"):
        optimizer.build(variables)
    with pytest.raises(optiplug.ConfigError, match=r"by rows.*lazy"):
        optiplug.create("sgd", sparse="lazy", jit_compile=False).build(variables)
