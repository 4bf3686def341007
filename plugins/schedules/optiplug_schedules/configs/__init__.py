"""One config for each schedule, without TensorFlow."""
