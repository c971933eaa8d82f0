"""jax.scipy.special."""
from .. import _cotan

globals().update(_cotan.bound_functions("scipy.special"))
logsumexp = _cotan.bound_functions("nn")["logsumexp"]
