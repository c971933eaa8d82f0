"""jax.distributed: programs of several processes, of which there is one here."""


class State:
    """Which process this is, and how it reaches the others."""
    process_id, num_processes = 0, 1
    client = service = preemption_sync_manager = coordinator_address = None


global_state = State()


def initialize(coordinator_address=None, num_processes=None, process_id=None, local_device_ids=None, **_):
    """Joins the processes of a program: nothing to do for one."""
    if num_processes not in (None, 1) or process_id not in (None, 0):
        raise NotImplementedError(f"jax.distributed.initialize with num_processes={num_processes}, process_id={process_id}: programs run in one process so far.")


def is_initialized():
    """Whether this process was joined to others."""
    return False


def shutdown():
    """Leaves the other processes."""
