"""The pages: one file a page, `app` puts them together and serves them."""
