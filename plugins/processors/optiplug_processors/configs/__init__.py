"""What can be said of each processor, without TensorFlow."""
