"""The functions that constructs deploy, one package each."""
