"""The batches that `gradus bench epoch --batches FILE` wrote, and the line that both peers print."""
import json
import resource
import statistics

PAD, BOS = 0, 1


def padded(rows, length):
    return [row + [PAD] * (length - len(row)) for row in rows]


class Batch:
    """source and out: ids with end marks, then padding. target: the inputs of the decoder. lengths: of the sources."""

    def __init__(self, line, multiple=1):
        pairs = json.loads(line)
        sources, targets = pairs['source'], pairs['target']
        up = lambda rows: -(-max(map(len, rows)) // multiple) * multiple  # noqa: E731
        self.lengths = [len(row) for row in sources]
        self.source = padded(sources, up(sources))
        self.out = padded(targets, up(targets))
        self.target = padded([[BOS] + row[:-1] for row in targets], up(targets))
        self.tokens = sum(self.lengths), sum(map(len, targets))

    def shape(self):
        return len(self.source), len(self.source[0]), len(self.out[0])


def read(path, most=0, multiple=1):
    """The first `most` batches, or all for 0; lengths are rounded up to a multiple."""
    batches = [Batch(line, multiple) for line in open(path)]
    return batches[:most] if most else batches


def vocabularies(batches):
    """The sizes of the source and of the target vocabulary."""
    largest = lambda rows: max(max(row) for row in rows)  # noqa: E731
    return 1 + max(largest(b.source) for b in batches), 1 + max(largest(b.out) for b in batches)


def report(model, threads, batches, times, losses, parameters, more):
    source, target = (sum(b.tokens[i] for b in batches) for i in (0, 1))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f'{model} epoch {threads} {sum(times):.2f} {(source + target) / sum(times):.0f} {memory:.0f} '
          f'steps={len(batches)} source_tokens={source} target_tokens={target} '
          f'step_ms={1e3 * statistics.median(times):.3f} params={parameters} '
          f'loss={losses[0]:.4f}->{sum(losses) / len(losses):.4f} {more}', flush=True)
