"""Less memory for derivatives: checkpoint (also called remat), its policies, and the names they go by."""
from types import SimpleNamespace

from . import _cotan

_unset = object()


@_cotan._boundary
def checkpoint(fun=_unset, *, prevent_cse=True, policy=None, static_argnums=None, static_argnames=None, concrete=_unset):
    """fun, whose derivative computes intermediate values again instead of keeping them; `policy` says which to keep all the same."""
    if fun is _unset:
        return lambda f: checkpoint(f, prevent_cse=prevent_cse, policy=policy, static_argnums=static_argnums, static_argnames=static_argnames)
    if concrete is not _unset:
        raise NotImplementedError("the `concrete` option of jax.checkpoint was removed; mark arguments that steer Python's control flow with static_argnums.")
    if not callable(fun):
        raise TypeError(f"Expected a callable value, got {fun}")
    if isinstance(prevent_cse, (tuple, list)):  # what is computed again from one argument is kept apart as a whole
        prevent_cse = any(prevent_cse)
    if not isinstance(prevent_cse, bool):
        raise TypeError(f"prevent_cse must be a bool or tuple of bools, got {type(prevent_cse)=}")
    from ._face import resolve
    nums, names = resolve(fun, static_argnums, static_argnames)
    return _cotan._checkpoint(fun, nums, frozenset(names) if names else None, prevent_cse, policy)


remat = checkpoint


def checkpoint_name(x, name):
    """x, known to policies by this name."""
    return _cotan._checkpoint_name(x, name)


# ---- what a policy may answer besides True and False ----

class _Answer:
    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return self._name


Saveable, Recompute = _Answer("Saveable"), _Answer("Recompute")


class _Value:
    """Equal when its fields are: programs are kept by their policies."""
    __slots__ = ()

    def __init__(self, *values):
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    def _fields(self):
        return tuple(getattr(self, name) for name in self.__slots__)

    def __setattr__(self, name, _):
        raise AttributeError(f"cannot assign to field {name!r}")

    def __eq__(self, other):
        return type(self) is type(other) and self._fields() == other._fields()

    def __hash__(self):
        return hash(self._fields())

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in zip(self.__slots__, self._fields()))})"


class Offloadable(_Value):
    """To be kept in another kind of memory, moved from src to dst. There is one kind here, the host's, so that this is to be kept."""
    __slots__ = ("src", "dst")

    def __init__(self, src, dst):
        super().__init__(src, dst)


def _meaning(answer):
    if answer is Saveable or isinstance(answer, Offloadable):
        return True
    if answer is Recompute:
        return False
    raise TypeError(f"a checkpoint policy must answer with a bool, Saveable, Recompute or an Offloadable, but got {answer!r}")


# ---- policies: called by programs that put their own together; `_saves` is what the library reads ----

def everything_saveable(*_, **__):
    """Keeps every intermediate value, as if there were no checkpoint."""
    return True


def nothing_saveable(*_, **__):
    """Keeps nothing but the inputs."""
    return False


everything_saveable._saves, nothing_saveable._saves = ("everything",), ("nothing",)


def _has_batch_dims(params):
    return any(params["dimension_numbers"][1])


class DotsSaveable(_Value):
    """Keeps the results of matrix products and convolutions, or of products without batch dimensions alone."""
    __slots__ = ("only_if_no_batch_dims",)

    @property
    def _saves(self):
        return ("dots_with_no_batch_dims" if self.only_if_no_batch_dims else "dots",)

    def __call__(self, prim, *_, **params):
        if self.only_if_no_batch_dims:
            return prim.name == "dot_general" and not _has_batch_dims(params)
        return prim.name in ("dot_general", "conv_general_dilated")


class SaveOnlyTheseNames(_Value):
    """Keeps values that checkpoint_name gave one of these names."""
    __slots__ = ("saveable_names",)

    @property
    def _saves(self):
        return "only", tuple(sorted(self.saveable_names))

    def __call__(self, prim, *_, **params):
        return prim.name == "name" and params["name"] in self.saveable_names


class SaveAnyNamesButThese(_Value):
    """Keeps values that checkpoint_name gave any other name."""
    __slots__ = ("names",)

    @property
    def _saves(self):
        return "but", tuple(sorted(self.names))

    def __call__(self, prim, *_, **params):
        return prim.name == "name" and params["name"] not in self.names


dots_saveable, dots_with_no_batch_dims_saveable = DotsSaveable(False), DotsSaveable(True)


def save_only_these_names(*names_which_can_be_saved):
    """Saves what checkpoint_name gave one of these names, and nothing else."""
    return SaveOnlyTheseNames(frozenset(names_which_can_be_saved))


def save_any_names_but_these(*names_not_to_save):
    """Saves what has a name but these."""
    return SaveAnyNamesButThese(frozenset(names_not_to_save))


def save_anything_except_these_names(*names_not_to_save):
    """Keeps everything: what feeds a named value is not named itself, so the name keeps nothing from being saved."""
    def policy(*_, **__):
        return True
    policy._saves = ("everything",)
    return policy


def save_from_both_policies(policy_1, policy_2):
    """Keeps what either policy keeps."""
    def policy(prim, *args, **params):
        answers = policy_1(prim, *args, **params), policy_2(prim, *args, **params)
        if not all(isinstance(a, bool) for a in answers):
            raise ValueError(f"The return value of the policies should be a boolean. Got: {answers[0]} and {answers[1]}. "
                             "Please write a custom policy function directly, rather than using this helper function.")
        return any(answers)
    if hasattr(policy_1, "_saves") and hasattr(policy_2, "_saves"):
        policy._saves = "either", policy_1, policy_2
    return policy


def offload_dot_with_no_batch_dims(offload_src, offload_dst):
    """Moves the results of products without batch dimensions to other memory."""
    def policy(prim, *args, **params):
        keep = prim.name == "dot_general" and not _has_batch_dims(params)
        return Offloadable(offload_src, offload_dst) if keep else Recompute
    policy._saves = ("dots_with_no_batch_dims",)
    return policy


def save_and_offload_only_these_names(*, names_which_can_be_saved, names_which_can_be_offloaded, offload_src, offload_dst):
    """Keeps values of the first names, and moves those of the second to other memory."""
    saved, offloaded = set(names_which_can_be_saved), set(names_which_can_be_offloaded)
    if saved & offloaded:
        raise ValueError("The names should be exclusive and should not intersect in `names_which_can_be_saved` and `names_which_can_be_offloaded`. Got "
                         f"names_which_can_be_saved={saved}, names_which_can_be_offloaded={offloaded} and the intersection={saved & offloaded}")

    def policy(prim, *args, **params):
        name = params["name"] if prim.name == "name" else None
        return Saveable if name in saved else Offloadable(offload_src, offload_dst) if name in offloaded else Recompute
    policy._saves = "only", tuple(sorted(saved | offloaded))
    return policy


checkpoint_policies = SimpleNamespace(
    everything_saveable=everything_saveable, nothing_saveable=nothing_saveable, dots_saveable=dots_saveable, checkpoint_dots=dots_saveable,
    dots_with_no_batch_dims_saveable=dots_with_no_batch_dims_saveable, checkpoint_dots_with_no_batch_dims=dots_with_no_batch_dims_saveable,
    offload_dot_with_no_batch_dims=offload_dot_with_no_batch_dims, save_anything_except_these_names=save_anything_except_these_names,
    save_any_names_but_these=save_any_names_but_these, save_only_these_names=save_only_these_names, save_from_both_policies=save_from_both_policies,
    save_and_offload_only_these_names=save_and_offload_only_these_names)


# ---- what is kept ----

def _argument_names(f, args, kwargs):
    """A name for every leaf: x, or x['w'] inside a container."""
    import inspect
    from .tree_util import keystr, tree_flatten_with_path
    tops = [f"args[{i}]" for i in range(len(args))]
    try:
        for i, p in enumerate(inspect.signature(f).parameters.values()):
            if p.kind == p.VAR_POSITIONAL:
                tops[i:] = [f"{p.name}[{k}]" for k in range(len(args) - i)]
            elif p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD) and i < len(args):
                tops[i] = p.name
    except (ValueError, TypeError):
        pass
    values = list(zip(tops, args)) + sorted(kwargs.items())
    return [name + keystr(path) for name, value in values for path, _ in tree_flatten_with_path(value)[0]]


def saved_residuals(f, *args, **kwargs):
    """What f keeps for its derivative: (abstract value, where it comes from) of each."""
    leaves, treedef = _cotan.tree_flatten((args, kwargs))
    names = _argument_names(f, args, kwargs)

    def flat(*leaves):
        args, kwargs = treedef.unflatten(leaves)
        return f(*args, **kwargs)
    kept = _cotan._saved_residuals(flat, tuple(leaves))
    return [(aval, text if argument is None else f"from the argument {names[argument]}") for aval, argument, text, _ in sorted(kept, key=lambda k: k[3])]


def print_saved_residuals(f, *args, **kwargs):
    """Prints what f keeps for its derivative, a line a value."""
    for aval, source in saved_residuals(f, *args, **kwargs):
        print(f"{aval.str_short(short_dtypes=True)} {source}")
