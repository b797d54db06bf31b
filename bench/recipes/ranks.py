#!/usr/bin/env python3
"""A model of training on many ranks, fitted to measurements, and what it predicts.

usage: ranks.py FOLDER

FOLDER has outputs of `gradus bench exchange`, named NETWORK-RANKS.txt or NETWORK-fast-RANKS.txt, of `gradus bench scaling
MODEL SIZE --threads 1`, named scaling-SIZE.txt, steps.txt with lines "NETWORK DELAY SIZE MS" of training steps of two ranks,
and parameters.txt with lines "SIZE COUNT". Several measurements of a kind count as their median. The name of a network is
memory, loopback or hosts_RATE_DELAY. bench/recipes/ranks/measure.sh writes the files. Prints the fits, their errors on
held-out measurements, a simulation of the exchange of 1,024 ranks, and predictions, and writes FOLDER/ranks.svg. Needs no
package.
"""

import sys
from html import escape
from pathlib import Path
from statistics import median

BUCKET = 1 << 20  # bytes, as in training
FITTED = {1 << 12, 1 << 20, 1 << 22, 1 << 24}  # bytes; the others are held out
HELD_OUT_DELAY = "0.3ms"
EAGER = 1 << 16  # bytes; before a longer message, Open MPI's TCP sends one there and one back
CACHES = 2 << 20  # bytes of gradients that stay in the caches of two processors
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"]


def buckets(size):
    return -(-size // BUCKET)


def wire_bytes(size, ranks, of_host):
    """Bytes that a host sends: its ranks send a piece of each bucket to each rank elsewhere, in two phases."""
    return 2 * of_host * size / ranks * (ranks - of_host)


PARTS = ["us once", "us/MiB first", "us/message", "us/MiB", "delays", "us/MiB cached"]
SCALES = [1e6, 1e6 * BUCKET, 1e6, 1e6 * BUCKET, 1, 1e6 * BUCKET]  # from the parts, in seconds, to the units above


def terms(size, ranks, of_host, delay, on_one_machine=False):
    """What the parts of the model are multiplied with.

    One exchange; the bytes of its first bucket, whose two phases overlap with nothing; the messages of a rank; the bytes of
    a host; the delays of the network in the two phases. On one machine, the bytes of gradients that fit in the caches of
    the processors are a part of their own.
    """
    bucket, bytes_ = min(size, BUCKET), wire_bytes(size, ranks, of_host)
    cached = on_one_machine and size <= CACHES
    return [1, wire_bytes(bucket, ranks, of_host), 2 * (ranks - 1) * buckets(size), 0 if cached else bytes_,
            2 * delay * (3 if bucket / ranks > EAGER else 1), bytes_ if cached else 0]


def solve(a, b):
    """The solution of a small system of linear equations, by elimination."""
    n = len(b)
    rows = [a[i][:] + [b[i]] for i in range(n)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(n):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[i])]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def fit(points, left_out):
    """Parts of least relative error for points (terms, seconds); a part that would be negative is 0."""
    # Messages and bytes are one term with one number of ranks, and the delay is none if it is always 0.
    used = [i for i in range(len(PARTS)) if PARTS[i] not in left_out]
    while True:
        a = [[sum(t[i] * t[j] / s**2 for t, s in points) for j in used] for i in used]
        b = [sum(t[i] / s for t, s in points) for i in used]
        found = solve(a, b)
        if min(found) >= 0:
            break
        used.pop(found.index(min(found)))
    parts = [0.0] * len(points[0][0])
    for i, value in zip(used, found):
        parts[i] = value
    return parts


def predict(parts, of):
    return sum(p * t for p, t in zip(parts, of))


def medians(measurements):
    """{key: median} of pairs of a key and a number, in the order of the keys' first measurements."""
    by_key = {}
    for key, number in measurements:
        by_key.setdefault(key, []).append(number)
    return {key: median(numbers) for key, numbers in by_key.items()}


def read_exchange(path):
    """{bytes: seconds} of the outputs of bench exchange in a file."""
    rows = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
    return medians((int(r[1]), float(r[2]) / 1e3) for r in rows if r[4] != "gather")


def simulate(size, ranks, latency, message, rate):
    """Seconds of an exchange by events: each rank sends its pieces in turn, beginning with its right neighbour.

    A message takes `message` seconds of the sender, then its bytes pass the sender's and the receiver's network card.
    """
    piece = min(size, BUCKET) / ranks / rate
    sender, card_out, card_in = [0.0] * ranks, [0.0] * ranks, [0.0] * ranks
    for _ in range(2 * buckets(size)):
        received = [0.0] * ranks
        for step in range(1, ranks):
            for r in range(ranks):
                to = r + step if r + step < ranks else r + step - ranks
                sender[r] += message
                start = max(sender[r], card_out[r])
                card_out[r] = start + piece
                end = max(start + latency, card_in[to]) + piece
                card_in[to] = end
                received[to] = max(received[to], end)
        sender = [max(s, got) for s, got in zip(sender, received)]  # a phase needs all pieces of the one before
    return max(sender)


class Compute:
    """Seconds of forward and backward of a shard on one thread, linear between the measured batches."""

    def __init__(self, path):
        rows = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
        self.points = [(int(r[2]), float(r[6]) / 1e3) for r in rows]
        self.target = int(rows[0][4])

    def seconds(self, batch):
        points = self.points
        i = 1
        while i + 1 < len(points) and points[i][0] < batch:
            i += 1
        (x0, y0), (x1, y1) = points[i - 1], points[i]
        return max(y0 + (batch - x0) * (y1 - y0) / (x1 - x0), y0 * batch / x0 if batch < x0 else 0)


def exchange_seconds(size, ranks, message, rate, exact):
    """One rank per host. Exact: a message to each rank, twice per bucket. Fast: recursive halving and doubling."""
    data = wire_bytes(size, ranks, 1) / rate
    if exact:
        return 2 * (ranks - 1) * buckets(size) * message + data
    return 2 * (ranks - 1).bit_length() * buckets(size) * message + data


def step_seconds(work, exchange, by_processor, hidden):
    """Seconds of a step whose forward and backward take `work`.

    Ranks have a processor per thread, so the work of the exchange for the processor (by_processor) is added. The rest of it
    hides behind a share of the computation.
    """
    return work + by_processor + max(0, exchange - by_processor - hidden * work)


def steps(folder, fitted, counts):
    """Fits the share of a step behind which an exchange hides, prints the predicted steps, and returns the share."""
    lines = [line.split() for line in (folder / "steps.txt").read_text().splitlines()]
    times = medians((tuple(key), float(ms) / 1e3) for *key, ms in lines)
    alone = {size: seconds for (network, _, size), seconds in times.items() if network == "alone"}
    measured_steps = []
    for (network, delay, size), seconds in times.items():
        if network.startswith("hosts"):
            bytes_ = 4 * int(counts[size])
            of = terms(bytes_, 2, 1, seconds_of(delay))
            exchange = predict(fitted[fitted_name(network, delay)], of)
            by_processor = predict(fitted["hosts_10gbit"], terms(bytes_, 2, 1, 0))
            measured_steps.append((network, delay, size, exchange, by_processor, seconds))
    network, delay, size, exchange, by_processor, seconds = measured_steps[0]
    hidden = (alone[size] + exchange - seconds) / alone[size]
    print(f"\nsteps of two ranks; {100 * hidden:.0f} per cent of a step hide an exchange, from {network}, {delay}, {size}\n"
          f"{'network':<24}{'delay':>7}{'size':>7}{'exchange ms':>13}{'step ms':>10}{'predicted':>11}{'error %':>9}")
    for network, delay, size, exchange, by_processor, seconds in measured_steps:
        predicted = step_seconds(alone[size], exchange, by_processor, hidden)
        print(f"{network:<24}{delay:>7}{size:>7}{1e3 * exchange:>13.0f}{1e3 * seconds:>10.0f}{1e3 * predicted:>11.0f}"
              f"{100 * (predicted / seconds - 1):>+9.0f}")
    return hidden


def plot(path, title, curves):
    """Efficiency over ranks, both as powers of two."""
    width, height, left, top = 560, 340, 60, 40
    x = lambda ranks: left + (ranks.bit_length() - 1) / 10 * (width - left - 20)
    y = lambda share: top + (1 - share) * (height - top - 50)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height + 20 * len(curves)}" '
           'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>',
           f'<text x="{left}" y="20" font-size="14">{escape(title)}</text>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        out.append(f'<path d="M{left} {y(share):.1f}H{width - 20}" stroke="#ddd"/>'
                   f'<text x="{left - 8}" y="{y(share) + 4:.1f}" text-anchor="end">{100 * share:.0f} %</text>')
    for power in range(11):
        out.append(f'<text x="{x(1 << power):.1f}" y="{height - 30}" text-anchor="middle">{1 << power}</text>')
    out.append(f'<text x="{(left + width) / 2}" y="{height - 10}" text-anchor="middle">ranks</text>')
    for i, (name, points) in enumerate(curves):
        colour, dashed = COLOURS[i // 2 % len(COLOURS)], ' stroke-dasharray="5 4"' if i % 2 else ""
        line = " ".join(f"{x(r):.1f},{y(s):.1f}" for r, s in points)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>')
        at = height + 20 * i
        out.append(f'<path d="M{left} {at}h30" stroke="{colour}" stroke-width="2"{dashed}/>'
                   f'<text x="{left + 40}" y="{at + 4}">{escape(name)}</text>')
    path.write_text("\n".join(out + ["</svg>\n"]))


def seconds_of(delay):
    return float(delay.removesuffix("ms")) / 1e3


def fitted_name(network, delay):
    """Networks with and without a delay are different devices, so each has a fit of its own."""
    return network + ("_delayed" if delay != "0" else "")


def measured(folder):
    """{network: [(ranks, delay, bytes, terms, seconds)]}; a network of hosts has one rate and all delays but 0."""
    networks = {}
    for path in sorted(folder.glob("*-[0-9]*.txt")):
        kind, *fast, ranks = path.stem.split("-")
        network, delay, of_host = kind, "0", 1
        if kind.startswith("hosts"):
            network, delay = kind.rsplit("_", 1)
            network = fitted_name(network, delay)
            of_host = int(ranks) // 2
        for size, seconds in read_exchange(path).items():
            row = (int(ranks), delay, size, terms(size, int(ranks), of_host, seconds_of(delay), not kind.startswith("hosts")),
                   seconds)
            networks.setdefault("-".join([network, *fast]), []).append(row)
    return networks


def fits(folder):
    """Prints the fit of each network and its errors on held-out measurements; returns the parts by network."""
    networks, fitted = measured(folder), {}
    print(f"{'network':<24}" + "".join(f"{part:>15}" for part in PARTS))
    for name, rows in networks.items():
        left_out = set()
        if len({ranks for ranks, *_ in rows}) == 1:
            left_out.add("us/message")
        if len({delay for _, delay, *_ in rows}) == 1:
            left_out.add("delays")
        left_out.add("us/MiB cached" if name.startswith("hosts") else "us/MiB first")
        parts = fit([(t, seconds) for _, delay, size, t, seconds in rows if size in FITTED and delay != HELD_OUT_DELAY],
                    left_out)
        fitted[name] = parts
        print(f"{name:<24}" + "".join(f"{part * scale:>15.1f}" for part, scale in zip(parts, SCALES)))

    print("\nheld-out measurements, errors in per cent by MiB (none of the delay " + HELD_OUT_DELAY + " was fitted)")
    sizes = sorted({size for rows in networks.values() for _, _, size, *_ in rows if size >= BUCKET})
    print(f"{'network':<24}{'ranks':>6}{'delay':>7}" + "".join(f"{size >> 20:>6}" for size in sizes))
    for name, rows in networks.items():
        errors = []
        for key in sorted({(ranks, delay) for ranks, delay, *_ in rows}):
            cells = {size: 100 * (predict(fitted[name], t) / seconds - 1) for ranks, delay, size, t, seconds in rows
                     if (ranks, delay) == key and size >= BUCKET and (size not in FITTED or delay == HELD_OUT_DELAY)}
            errors += cells.values()
            print(f"{name:<24}{key[0]:>6}{key[1]:>7}"
                  + "".join(f"{cells[size]:>+6.0f}" if size in cells else " " * 6 for size in sizes))
        within = sum(abs(e) <= 15 for e in errors)
        print(f"{name:<24} {within} of {len(errors)} within 15 per cent, worst {max(errors, key=abs):+.0f}")
    return fitted


def message_seconds(folder):
    """A small message between two hosts without a delay."""
    rows = [line.split() for line in (folder / "hosts_10gbit_0-2.txt").read_text().splitlines()]
    return next(float(r[2]) / 1e3 for r in rows if r[-1] == "gather")


def main(folder):
    fitted, message = fits(folder), message_seconds(folder)
    counts = dict(line.split() for line in (folder / "parameters.txt").read_text().splitlines())
    hidden = steps(folder, fitted, counts)
    print(f"\nsimulation of 1,024 ranks, {1e6 * message:.1f} us per message, 20 us of latency")
    for gbit in (10, 100):
        rate = gbit * 1e9 / 8
        for size in (1 << 20, 4 << 20):
            events = simulate(size, 1024, 20e-6, message, rate)
            formula = exchange_seconds(size, 1024, message, rate, True) + 2 * buckets(size) * 20e-6
            print(f"  {gbit:>3} Gbit/s, {size >> 20} MiB: events {1e3 * events:.1f} ms, formula {1e3 * formula:.1f} ms")
    per_byte = fitted["hosts_10gbit"][PARTS.index("us/MiB")]  # of the processor
    curves = []
    for size, count in counts.items():
        compute = Compute(folder / f"scaling-{size}.txt")
        bytes_, batch = 4 * int(count), compute.points[2][0]

        def step(pairs, ranks, gbit, exact):
            by_processor = per_byte * wire_bytes(bytes_, ranks, 1)
            exchange = exchange_seconds(bytes_, ranks, message, gbit * 1e9 / 8, exact)
            return step_seconds(compute.seconds(pairs), exchange, by_processor, hidden)

        print(f"\n{size}: {count} parameters, {batch} pairs of {compute.target} target tokens per rank (weak) or for "
              f"{64} ranks (strong); tokens/s")
        print(f"{'ranks':>6}" + "".join(f"{n:>16}" for n in ("weak 10G", "weak 10G fast", "weak 100G", "weak 100G fast",
                                                           "strong 10G", "strong 100G")))
        for ranks in (1 << i for i in range(1, 11)):
            row = []
            for kind, gbit, exact in (("weak", 10, True), ("weak", 10, False), ("weak", 100, True),
                                      ("weak", 100, False), ("strong", 10, True), ("strong", 100, True)):
                here = batch if kind == "weak" else batch * 64 / ranks
                row.append(here * ranks * compute.target / step(here, ranks, gbit, exact))
            print(f"{ranks:>6}" + "".join(f"{tokens:>16,.0f}" for tokens in row))
        for gbit in (10, 100):
            for exact in (True, False):
                share = [1.0] + [compute.seconds(batch) / step(batch, 1 << i, gbit, exact) for i in range(1, 11)]
                curves.append((f"{size}, {gbit} Gbit/s, {'exact' if exact else 'fast'}",
                               [(1 << i, efficiency) for i, efficiency in enumerate(share)]))
    plot(folder / "ranks.svg", "Weak scaling: tokens/s per rank beside one rank", curves)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
