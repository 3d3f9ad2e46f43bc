"""Lets this process have as many connections as are measured, where the system counts them."""

try:
    import resource
except ImportError:  # Windows, which does not
    resource = None


def allow(count: int) -> None:
    """Raise the limit to that many files and connections, or as near to it as is permitted."""
    if resource:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = count if hard == resource.RLIM_INFINITY else min(hard, count)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
