"""jax.experimental.custom_partitioning: functions that say themselves how they are cut over devices. On one device nothing is cut: the function itself is called."""
import functools

BATCHING = "…"


class custom_partitioning:
    """A function with rules for partitioning, given by def_partition."""

    def __init__(self, fun, static_argnums=()):
        functools.update_wrapper(self, fun)
        self.fun, self.static_argnums = fun, tuple(static_argnums)
        self.partition = self.infer_sharding_from_operands = self.propagate_user_sharding = self.sharding_rule = None
        self.decode_shardings, self.sharding_rule_factors = True, {}

    def def_partition(self, partition, infer_sharding_from_operands=None, propagate_user_sharding=None, decode_shardings=True, sharding_rule=None, *,
                      reduction_factors=(), need_replication_factors=(), permutation_factors=(), **factor_sizes):
        """Says how to cut the function; one of the two ways to tell the sharding of results has to be given."""
        if infer_sharding_from_operands is None and sharding_rule is None:
            raise ValueError("custom_partitioning: either sharding_rule or infer_sharding_from_operands has to be given")
        self.partition, self.infer_sharding_from_operands = partition, infer_sharding_from_operands
        self.propagate_user_sharding, self.decode_shardings, self.sharding_rule = propagate_user_sharding, decode_shardings, sharding_rule
        self.sharding_rule_factors = {"reduction": reduction_factors, "need_replication": need_replication_factors, "permutation": permutation_factors, **factor_sizes}
        return partition

    def __call__(self, *args, **kwargs):
        return self.fun(*args, **kwargs)
