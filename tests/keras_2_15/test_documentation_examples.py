"""The examples of the documentation of `tf.keras.optimizers.Optimizer` 2.15, as written there."""

import numpy as np
import tensorflow as tf

import optiplug
from optiplug_sgd.sgd import SGD


def test_usage():
    opt = SGD(learning_rate=0.1)
    var1, var2 = tf.Variable(1.0), tf.Variable(2.0)
    opt.minimize(lambda: 3 * var1 * var1 + 2 * var2 * var2, var_list=[var1, var2])
    np.testing.assert_allclose([var1, var2], [1.0 - 0.6, 2.0 - 0.8], rtol=1e-6)


def test_processing_gradients_before_applying_them():
    opt = SGD(learning_rate=0.1)
    var1, var2 = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = 3 * var1 * var1 + 2 * var2 * var2
    grads = tape.gradient(loss, [var1, var2])
    grads[0] = grads[0] + 1
    opt.apply_gradients(zip(grads, [var1, var2], strict=True))
    np.testing.assert_allclose([var1, var2], [1.0 - 0.7, 2.0 - 0.8], rtol=1e-6)


def test_dynamic_learning_rate():
    var = tf.Variable(np.ones((1,)))
    learning_rate = optiplug.create("exponential", initial_learning_rate=0.01, decay_steps=20, decay_rate=0.1)
    opt = SGD(learning_rate=learning_rate)
    for _ in range(3):
        opt.minimize(lambda: 3 * var, var_list=[var])
    np.testing.assert_allclose(var, [1.0 - 0.03 * (1 + 0.1 ** (1 / 20) + 0.1 ** (2 / 20))], rtol=1e-12)


def test_a_keras_schedule_is_accepted():
    import tf_keras

    var = tf.Variable(1.0)
    schedule = tf_keras.optimizers.schedules.ExponentialDecay(0.01, decay_steps=20, decay_rate=0.1)
    opt = SGD(learning_rate=schedule)
    for _ in range(2):
        opt.minimize(lambda: 3 * var, var_list=[var])
    np.testing.assert_allclose(var, 1.0 - 0.03 * (1 + 0.1 ** (1 / 20)), rtol=1e-6)


def test_gradient_clipping():
    opt = SGD(learning_rate=1, clipvalue=1)
    var1, var2 = tf.Variable(2.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = 2 * var1 + 2 * var2
    grads = tape.gradient(loss, [var1, var2])
    assert [grads[0].numpy(), grads[1].numpy()] == [2.0, 2.0]
    opt.apply_gradients(zip(grads, [var1, var2], strict=True))
    assert [var1.numpy(), var2.numpy()] == [1.0, 1.0]


def test_weight_decay_with_exclusion():
    opt = SGD(1, weight_decay=0.004)
    grads, var1, var2 = tf.zeros(()), tf.Variable(2.0), tf.Variable(2.0)
    opt.exclude_from_weight_decay(var_list=[var2])
    opt.apply_gradients(zip([grads, grads], [var1, var2], strict=True))
    assert [var1.numpy(), var2.numpy()] == [np.float32(1.992), 2.0]


def test_exponential_moving_average():
    opt = SGD(learning_rate=1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3)
    var1, var2 = tf.Variable(2.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = var1 + var2
    grads = tape.gradient(loss, [var1, var2])
    opt.apply_gradients(zip(grads, [var1, var2], strict=True))
    assert [var1.numpy(), var2.numpy()] == [1.0, 1.0]
    opt.apply_gradients(zip(grads, [var1, var2], strict=True))
    assert [var1.numpy(), var2.numpy()] == [0.0, 0.0]
    opt.apply_gradients(zip(grads, [var1, var2], strict=True))
    assert [var1.numpy(), var2.numpy()] == [-0.125, -0.125]


def test_custom_aggregation_in_a_strategy():
    strategy = tf.distribute.get_strategy()
    with strategy.scope():
        var, opt = tf.Variable(1.0), SGD(0.5)
    gradient = strategy.reduce("SUM", tf.constant(1.0), axis=None)
    opt.apply_gradients([(gradient, var)], skip_gradients_aggregation=True)
    assert var.numpy() == 0.5
