"""The page in a real browser, against the deployed system."""
