"""Rows of training, from rendered scenes, published data, files and reviews; and batches of them."""
