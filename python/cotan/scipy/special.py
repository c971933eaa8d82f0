"""jax.scipy.special."""
from .. import _cotan

globals().update(_cotan.bound_functions("scipy.special"))
_nn = _cotan.bound_functions("nn")
logsumexp, log_softmax, softmax = _nn["logsumexp"], _nn["log_softmax"], _nn["softmax"]
