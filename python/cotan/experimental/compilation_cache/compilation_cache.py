"""Where compiled code is kept. Entries carry their keys, so that one folder serves all programs."""
import os


def set_cache_dir(path):
    """Keeps compiled code in this folder from the next program on."""
    os.environ["COTAN_CACHE_DIR"] = os.fspath(path)


def reset_cache():
    """Forgets the programs of this process; those on disk stay."""
    from ... import clear_caches
    clear_caches()
