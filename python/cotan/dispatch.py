"""What libraries take from jax._src.dispatch."""


def wait_for_tokens():
    """Waits for effects: a call returns when its effects have happened."""
