"""What can be said about each, without TensorFlow."""
