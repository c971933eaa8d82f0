"""jax.util and what programs take from jax._src.util: map, zip and their like, which insist on equal lengths."""
from functools import lru_cache, partial, wraps as _wraps


def _same_length(lists):
    lengths = [len(x) for x in lists]
    if len(set(lengths)) > 1:
        raise ValueError(f"length mismatch: {lengths}")
    return lists


def safe_map(f, *lists):
    """[f(a, b, ...), ...] over lists of one length."""
    return list(map(f, *_same_length([list(x) for x in lists])))


def safe_zip(*lists):
    """[(a, b, ...), ...] of lists of one length."""
    return list(zip(*_same_length([list(x) for x in lists])))


def unzip2(pairs):
    """Two tuples of a list of pairs."""
    pairs = list(pairs)
    return tuple(a for a, _ in pairs), tuple(b for _, b in pairs)


def unzip3(triples):
    triples = list(triples)
    return tuple(a for a, _, _ in triples), tuple(b for _, b, _ in triples), tuple(c for _, _, c in triples)


def split_list(args, ns):
    """The list cut behind every ns[i] items, and the rest."""
    args, parts = list(args), []
    for n in ns:
        parts.append(args[:n])
        args = args[n:]
    return [*parts, args]


def partition_list(which, items):
    """The items where `which` is false, and those where it is true."""
    pairs = safe_zip(which, items)
    return [x for w, x in pairs if not w], [x for w, x in pairs if w]


def merge_lists(which, first, second):
    """The inverse of partition_list."""
    first, second = iter(first), iter(second)
    return [next(second) if w else next(first) for w in which]


def concatenate(lists):
    return [x for part in lists for x in part]


def wraps(wrapped, namestr=None, docstr=None, **_):
    """functools.wraps with a name made by namestr.format(fun=...)."""
    def decorate(f):
        made = _wraps(wrapped)(f)
        if namestr:
            made.__name__ = namestr.format(fun=getattr(wrapped, "__name__", "<unnamed function>"))
        return made
    return decorate


def cache(max_size=4096, **_):
    return lru_cache(maxsize=max_size)


weakref_lru_cache = lru_cache


def curry(f):
    return partial(partial, f)
