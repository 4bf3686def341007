"""RMSprop, Adagrad, Adadelta and FTRL for optiplug."""
