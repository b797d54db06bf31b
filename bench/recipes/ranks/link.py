#!/usr/bin/env python3
"""A network link of a given rate and delay between two network namespaces, for kernels without netem.

usage: link.py RATE DELAY NAMESPACE=ADDRESS/BITS NAMESPACE=ADDRESS/BITS

RATE is in bits per second with a suffix (kbit, mbit or gbit), and DELAY a time with one (us, ms or s) in one direction.
Makes a tun device "link0" with its address in each namespace, prints "ready", and passes packets until it is ended. A
packet of n bits occupies the link for n / RATE, and arrives DELAY after that. Needs root and iproute2.
"""

import ctypes
import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import time
from collections import deque

MTU = 65000  # few large packets, so that this program keeps up with the rate
MOST_QUEUED = 4096  # packets per direction; further ones are dropped, as in a full router
UNITS = {"kbit": 1e3, "mbit": 1e6, "gbit": 1e9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x1, 0x1000, 0x40000000


def number(text, units):
    """The value of a number with one of the units, in bits per second or in seconds."""
    found = re.fullmatch(r"([0-9.]+)([a-z]+)", text)
    if not found or found[2] not in units:
        sys.exit(f"link.py: '{text}' is no number with one of the units {', '.join(units)}")
    return float(found[1]) * UNITS[found[2]]


def open_device(namespace, address):
    """The file of a new tun device in a network namespace; this process stays in that namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            sys.exit(f"link.py: cannot enter the network namespace {namespace}: {os.strerror(ctypes.get_errno())}")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"link0", IFF_TUN | IFF_NO_PI))
    for words in (["address", "add", address, "dev", "link0"],
                  ["link", "set", "link0", "mtu", str(MTU), "txqueuelen", "10000", "up"]):
        subprocess.run(["ip", *words], check=True)
    return device


class Direction:
    """Packets from one device to the other: when the link is free, and what is on its way."""

    def __init__(self, source, sink, rate, delay):
        self.source, self.sink, self.rate, self.delay = source, sink, rate, delay
        self.free = 0.0
        self.queue = deque()

    def read(self, now):
        packet = os.read(self.source, MTU + 64)
        if len(self.queue) < MOST_QUEUED:
            self.free = max(now, self.free) + 8 * len(packet) / self.rate
            self.queue.append((self.free + self.delay, packet))

    def write_due(self, now):
        while self.queue and self.queue[0][0] <= now:
            os.write(self.sink, self.queue.popleft()[1])

    def due(self):
        return self.queue[0][0] if self.queue else float("inf")


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    rate = number(sys.argv[1], ("kbit", "mbit", "gbit"))
    delay = number(sys.argv[2], ("us", "ms", "s"))
    with open("/proc/self/timerslack_ns", "w") as slack:
        slack.write("1000")
    a, b = (open_device(*end.split("=", 1)) for end in sys.argv[3:])
    directions = {a: Direction(a, b, rate, delay), b: Direction(b, a, rate, delay)}
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        for direction in directions.values():
            direction.write_due(now)
        first = min(direction.due() for direction in directions.values())
        wait = None if first == float("inf") else max(0.0, first - time.monotonic())
        for device in select.select([a, b], [], [], wait)[0]:
            directions[device].read(time.monotonic())


if __name__ == "__main__":
    main()
