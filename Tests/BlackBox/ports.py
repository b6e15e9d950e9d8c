"""A port for a server whose address must be known before it starts."""

import pathlib
import random
import socket

held = []  # For as long as this process lives.


def free_port():
    """A port of 127.0.0.1 that is free and stays so: outside the range that the kernel hands out for
    outgoing connections, and given to one test process only."""
    lowest = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(10000, lowest), 100):
        mark = socket.socket(socket.AF_UNIX)
        with socket.socket() as own:
            try:
                mark.bind(f"\0beckon-test-port-{port}")
                own.bind(("127.0.0.1", port))
            except OSError:
                mark.close()
                continue
        held.append(mark)
        return port
    raise AssertionError("100 ports are in use")


if __name__ == "__main__":
    print(free_port())
