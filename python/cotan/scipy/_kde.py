"""jax.scipy.stats.gaussian_kde: a density estimated from data, as a tree of its arrays."""
from .. import _cotan, numpy as np, random
from ..tree_util import register_pytree_node_class
from .linalg import cho_factor, cho_solve
from .special import ndtr

_gaussian_kernels = _cotan.bound_functions("scipy.stats")["_gaussian_kernels"]


@register_pytree_node_class
class gaussian_kde:
    """The density of which a data set is a sample, estimated by a normal density round each of its points.

    Args:
      dataset: [d, n], or [n].
      bw_method: how wide these are: 'scott' (also None), 'silverman', a number, or a function of this object.
      weights: [n], of the points.
    """
    __slots__ = "neff", "dataset", "weights", "covariance", "inv_cov"

    def __init__(self, dataset, bw_method=None, weights=None):
        dataset = np.atleast_2d(np.asarray(dataset))
        if np.iscomplexobj(dataset):
            raise NotImplementedError("gaussian_kde does not support complex data")
        if not dataset.size > 1:
            raise ValueError("`dataset` input should have multiple elements.")
        d, n = dataset.shape
        dtype = np.result_type(dataset.dtype, np.float32 if dataset.dtype.itemsize < 8 else float)
        if weights is None:
            weights = np.full(n, 1.0 / n, dtype=dtype)
        else:
            weights = np.atleast_1d(np.asarray(weights))
            if weights.ndim != 1:
                raise ValueError("`weights` input should be one-dimensional.")
            if len(weights) != n:
                raise ValueError("`weights` input should be of length n")
            dtype = np.promote_types(dtype, weights.dtype)
            weights = (weights / np.sum(weights)).astype(dtype)
        put = super().__setattr__
        put("dataset", dataset.astype(dtype))
        put("weights", weights)
        put("neff", 1 / np.sum(weights ** 2))
        factor = self._factor("scott" if bw_method is None else bw_method)
        covariance = np.atleast_2d(np.cov(self.dataset, rowvar=True, bias=False, aweights=weights))
        put("covariance", covariance * factor ** 2)
        put("inv_cov", np.linalg.inv(covariance) / factor ** 2)

    def __setattr__(self, name, value):
        raise AttributeError(f"cannot assign to field {name!r}")

    def _factor(self, bw_method):
        if isinstance(bw_method, str) and bw_method in ("scott", "silverman"):
            base = self.neff if bw_method == "scott" else self.neff * (self.d + 2) / 4.0
            return np.power(base, -1.0 / (self.d + 4))
        if not isinstance(bw_method, str) and np.isscalar(bw_method):
            return bw_method
        if callable(bw_method):
            return bw_method(self)
        raise ValueError("`bw_method` should be 'scott', 'silverman', a scalar, or a callable.")

    def tree_flatten(self):
        return tuple(getattr(self, name) for name in self.__slots__), None

    @classmethod
    def tree_unflatten(cls, aux, children):
        kde = cls.__new__(cls)
        for name, value in zip(cls.__slots__, children):
            object.__setattr__(kde, name, value)
        return kde

    @property
    def d(self):
        return self.dataset.shape[0]

    @property
    def n(self):
        return self.dataset.shape[1]

    def _at(self, points, log):
        points = np.atleast_2d(np.asarray(points))
        if np.iscomplexobj(points):
            raise NotImplementedError("gaussian_kde does not support complex coordinates")
        if points.shape[0] != self.d:
            if points.shape != (1, self.d):
                raise ValueError(f"points have dimension {points.shape[0]}, dataset has dimension {self.d}")
            points = points.T
        return _gaussian_kernels(self.dataset, self.weights, points, self.inv_cov, log=log)

    def evaluate(self, points):
        """The density at points [d, m]."""
        return self._at(points, False)

    __call__ = pdf = evaluate

    def logpdf(self, x):
        """Logarithm of the density at points [d, m]."""
        return self._at(x, True)

    def _convolved(self, covariance, points, weights, mean):
        """The sum over ``points`` of weighted normal densities at ``mean``."""
        factor = cho_factor(self.covariance + covariance)
        norm = np.sqrt(2 * np.pi) ** self.d * np.prod(np.diag(factor[0]))
        gap = points - mean[:, None]
        return np.sum(np.exp(-0.5 * np.sum(gap * cho_solve(factor, gap), axis=0)) * weights) / norm

    def integrate_gaussian(self, mean, cov):
        """The integral of the density times a normal one."""
        mean, cov = np.atleast_1d(np.squeeze(np.asarray(mean))), np.atleast_2d(np.asarray(cov))
        if mean.shape != (self.d,):
            raise ValueError(f"mean does not have dimension {self.d}")
        if cov.shape != (self.d, self.d):
            raise ValueError(f"covariance does not have dimension {self.d}")
        return self._convolved(cov, self.dataset, self.weights, mean)

    def integrate_box_1d(self, low, high):
        """The probability between two numbers, for data of one dimension."""
        if self.d != 1:
            raise ValueError("integrate_box_1d() only handles 1D pdfs")
        if np.ndim(low) or np.ndim(high):
            raise ValueError("the limits of integration in integrate_box_1d must be scalars")
        sigma = np.squeeze(np.sqrt(self.covariance))
        low, high = (np.squeeze((end - self.dataset) / sigma) for end in (low, high))
        return np.sum(self.weights * (ndtr(high) - ndtr(low)))

    def integrate_kde(self, other):
        """The integral of the product of two densities."""
        if other.d != self.d:
            raise ValueError("KDEs are not the same dimensionality")
        small, large = (self, other) if self.n < other.n else (other, self)
        from .. import vmap
        each = vmap(lambda mean: large._convolved(small.covariance, large.dataset, large.weights, mean), in_axes=1)(small.dataset)
        return np.sum(each * small.weights)

    def resample(self, key, shape=()):
        """Points drawn from the density: [d, *shape]."""
        which, noise = random.split(key)
        index = random.choice(which, self.n, shape=shape, p=self.weights)
        moved = random.multivariate_normal(noise, np.zeros(self.d, self.covariance.dtype), self.covariance, shape=shape, dtype=self.dataset.dtype)
        return self.dataset[:, index] + moved.T

    def integrate_box(self, low_bounds, high_bounds, maxpts=None):
        raise NotImplementedError("only 1D box integrations are supported; use `integrate_box_1d`")

    def set_bandwidth(self, bw_method=None):
        raise NotImplementedError("dynamically changing the bandwidth method is not supported")
