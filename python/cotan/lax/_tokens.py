"""Tokens, with which programs order effects. Effects happen here in the order in which they are written, so a token only says that it exists."""


class Token:
    """What an effect leaves behind for those that come after it."""


def create_token(_=None):
    """A token before which nothing has to happen."""
    return Token()


def after_all(*operands):
    """The token after several."""
    for x in operands:
        if not isinstance(x, Token):
            raise TypeError(f"Arguments to after_all must be tokens, got {x!r}.")
    return Token()
