"""One trace serves all steps that are alike, and each thread."""

import tensorflow as tf

import optiplug
from optiplug_sgd.sgd import SGD

EVERYTHING = {
    "momentum": 0.9,
    "nesterov": True,
    "global_clipnorm": 1.0,
    "weight_decay": 0.01,
    "use_ema": True,
    "ema_overwrite_frequency": 5,
}


def test_one_trace_for_a_hundred_steps_of_changing_rates():
    optimizer, variable = SGD(0.1, **EVERYTHING), tf.Variable([1.0, 2.0])
    for step in range(100):
        optimizer.learning_rate = 0.1 / (step + 1)
        optimizer.apply_gradients([(tf.constant([1.0, -step]), variable)])
    assert optimizer.trace_count == 1
    assert int(optimizer.iterations) == 100


def test_one_trace_with_embedding_gradients_of_changing_length():
    optimizer, table = SGD(0.1, **EVERYTHING), tf.Variable(tf.ones([8, 2]))
    for rows in range(1, 8):
        gradient = tf.IndexedSlices(tf.ones([rows, 2]), tf.range(rows), tf.constant([8, 2]))
        optimizer.apply_gradients([(gradient, table)])
    assert optimizer.trace_count == 1


def test_optimizers_in_two_threads_do_not_meet():
    from concurrent.futures import ThreadPoolExecutor

    def train(seed):
        optimizer, variable = (
            optiplug.create("sgd", learning_rate=0.1, momentum=0.9),
            tf.Variable(float(seed)),
        )
        for _ in range(20):
            optimizer.minimize(lambda: variable**2, [variable])
        return float(variable)

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(train, [1, 2]))
    assert together == [train(1), train(2)]
