"""jax.experimental.array_serialization: checkpoints that several processes write together. Libraries may derive from its classes; there is one process."""
import abc
import sys

serialization = sys.modules[__name__]  # one module here

def get_tensorstore_spec(*_, **__):
    raise NotImplementedError("jax.experimental.array_serialization.get_tensorstore_spec: arrays of several processes; use orbax.checkpoint or NumPy's files.")


class GlobalAsyncCheckpointManagerBase(abc.ABC):
    """What writes arrays of several processes while the program goes on."""

    @abc.abstractmethod
    def check_for_errors(self):
        """Raises what went wrong while writing."""

    @abc.abstractmethod
    def wait_until_finished(self):
        """Waits until everything is written."""

    @abc.abstractmethod
    def serialize(self, arrays, tensorstore_specs, *, on_commit_callback):
        """Begins to write."""

    @abc.abstractmethod
    def deserialize(self, shardings, tensorstore_specs, global_shapes=None, dtypes=None):
        """Reads."""


class GlobalAsyncCheckpointManager(GlobalAsyncCheckpointManagerBase):
    """The one that uses tensorstore."""

    def __new__(cls, *_, **__):
        raise NotImplementedError("jax.experimental.array_serialization.GlobalAsyncCheckpointManager: one process writes; use orbax.checkpoint.")
