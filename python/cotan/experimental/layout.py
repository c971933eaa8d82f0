"""jax.experimental.layout: how arrays lie in memory, which is row by row."""


class Layout:
    """The order of dimensions in memory, from the slowest."""

    def __init__(self, major_to_minor, tiling=None, sub_byte_element_size_in_bits=0):
        self.major_to_minor, self.tiling = tuple(major_to_minor), tiling

    def __eq__(self, other):
        return isinstance(other, Layout) and (self.major_to_minor, self.tiling) == (other.major_to_minor, other.tiling)

    def __hash__(self):
        return hash((self.major_to_minor, self.tiling))

    def __repr__(self):
        return f"Layout(major_to_minor={self.major_to_minor}, tiling={self.tiling})"


class Format:
    """A layout and a sharding."""

    def __init__(self, layout=None, sharding=None):
        self.layout, self.sharding = layout, sharding

    def __eq__(self, other):
        return isinstance(other, Format) and (self.layout, self.sharding) == (other.layout, other.sharding)

    def __hash__(self):
        return hash((self.layout, self.sharding))

    def __repr__(self):
        return f"Format(layout={self.layout}, sharding={self.sharding})"


def with_layout_constraint(x, layout):
    """x, laid out in memory as asked: row by row, which is how all arrays lie."""
    from ..tree_util import tree_leaves
    for leaf in tree_leaves(x):
        if layout.major_to_minor != tuple(range(leaf.ndim)):
            raise NotImplementedError(f"with_layout_constraint: {layout} of an array of shape {leaf.shape}; dimensions lie in their order")
    return x
