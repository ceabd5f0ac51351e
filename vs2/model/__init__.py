"""The judge's model: a name -> weights, a clip and a prompt -> its inputs, inputs -> replies and digits."""
