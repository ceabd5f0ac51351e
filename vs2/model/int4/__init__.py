"""Weights in 4 bits for processors without a GPU: the grid, the layers, the folder that they are kept in."""
