"""jax.image: images made larger, smaller and moved."""
import enum
from . import _cotan
from .lax import Precision

_image = _cotan.bound_functions("image")


class ResizeMethod(enum.Enum):
    """How the elements of an image are weighted: the nearest one alone, linearly, by Lanczos' or Keys' kernels, by the area that they share."""
    NEAREST, LINEAR, LANCZOS3, LANCZOS5, CUBIC, CUBIC_PYTORCH, AREA = range(7)

    @staticmethod
    def from_string(s):
        """The member that a word means; "bilinear" and "bicubic" are linear and cubic in every dimension."""
        if s not in _WORDS:
            raise ValueError(f'Unknown resize method "{s}"')
        return _WORDS[s]

    @property
    def _word(self):
        return self.name.lower().replace("_", "-")


_WORDS = {m._word: m for m in ResizeMethod} | {
    word: m for m, words in {ResizeMethod.LINEAR: "bilinear trilinear triangle", ResizeMethod.CUBIC: "bicubic tricubic",
                             ResizeMethod.CUBIC_PYTORCH: "bicubic-pytorch"}.items() for word in words.split()}


def _word(method):
    return (ResizeMethod.from_string(method) if isinstance(method, str) else method)._word


def resize(image, shape, method, antialias=True, precision=Precision.HIGHEST):
    """An image resampled to another shape.

    Args:
      image: any array; dimensions of which the size does not change (batch, colours) stay as they are.
      shape: the size of every dimension of the result.
      method: a ResizeMethod or its word: 'nearest', 'linear' ('bilinear'), 'cubic' ('bicubic'), 'cubic-pytorch', 'lanczos3', 'lanczos5', 'area'.
      antialias: whether a smaller image averages over what one of its elements covers.
      precision: of the products.

    The result is of a floating dtype, but for 'nearest', which keeps the image's.

    >>> jax.image.resize(jnp.array([0., 2.]), (4,), "linear")
    Array([0. , 0.5, 1.5, 2. ], dtype=float32)
    """
    return _image["_resize"](image, shape, _word(method), antialias, precision)


def scale_and_translate(image, shape, spatial_dims, scale, translation, method, antialias=True, precision=Precision.HIGHEST):
    """An image resampled where the place x goes to x * scale + translation; elements lie at k + 1/2. What comes from outside is zero.

    Args:
      image: any array.
      shape: the size of every dimension of the result.
      spatial_dims: [k], the dimensions that are mapped.
      scale, translation: arrays [k], which may be traced and differentiated.
      method, antialias, precision: as for resize; 'nearest' is not possible.

    >>> jax.image.scale_and_translate(jnp.arange(3.), (3,), (0,), jnp.ones(1), jnp.ones(1), "linear")
    Array([0., 0., 1.], dtype=float32)
    """
    return _image["_scale_and_translate"](image, shape, spatial_dims, scale, translation, _word(method), antialias, precision)
