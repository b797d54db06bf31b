"""Compares the event files of `gradus train --tensorboard` with metrics.jsonl, as TensorBoard reads them:
tensorboard_readback.py RUN EVENTS

Needs the package tensorboard from PyPI. Prints the numbers of values that were compared; fails at the first difference.
"""

import json
import math
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c


def check(condition, *what):
    if not condition:
        sys.exit("tensorboard_readback.py: " + " ".join(map(str, what)))


def tag_of(name):
    return "valid/" + name[6:] if name.startswith("valid_") else "train/" + name


def check_records(file):
    """The checksums, which TensorBoard does not always check."""
    data = file.read_bytes()
    at = records = 0
    while at < len(data):
        length, length_check = struct.unpack("<QI", data[at : at + 12])
        check(length_check == masked_crc32c(data[at : at + 8]), file, "has a bad length at", at)
        body = data[at + 12 : at + 12 + length]
        (body_check,) = struct.unpack("<I", data[at + 12 + length : at + 16 + length])
        check(len(body) == length and body_check == masked_crc32c(body), file, "has a bad record at", at)
        at += 16 + length
        records += 1
    return records


def main(run, folder):
    run, folder = pathlib.Path(run), pathlib.Path(folder)
    files = sorted(folder.glob("*tfevents*"))
    check(files, folder, "has no event files")
    records = sum(check_records(file) for file in files)

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "histograms": 0})
    events.Reload()
    tags = events.Tags()
    found = {tag: {e.step: e.value for e in events.Scalars(tag)} for tag in tags["scalars"]}
    for tag in found:
        check(len(found[tag]) == len(events.Scalars(tag)), tag, "repeats steps")

    expected = {}
    for line in (json.loads(text) for text in (run / "metrics.jsonl").open()):
        for name, value in line.items():
            if name not in ("step", "epoch", "best"):
                expected.setdefault(tag_of(name), {})[line["step"]] = value
    compared = 0
    for tag, values in expected.items():
        check(found.get(tag, {}).keys() == values.keys(), tag, "has the steps", sorted(found.get(tag, {})), "but metrics.jsonl", sorted(values))
        for step, value in values.items():
            check(math.isclose(found[tag][step], value, rel_tol=1e-6, abs_tol=1e-37), tag, step, found[tag][step], value)
            compared += 1
    check(set(found) - set(expected) <= {"speed/tokens_per_second", "speed/examples_per_second", "speed/steps_per_second"},
          "there are other scalars:", sorted(set(found) - set(expected)))
    check("speed/steps_per_second" in found, "there is no speed")

    validations = set(next(values for tag, values in expected.items() if tag.startswith("valid/")))
    for tag in tags["histograms"]:
        check({e.step for e in events.Histograms(tag)} == validations, tag, "has no histogram of each validation")
        for event in events.Histograms(tag):
            h = event.histogram_value
            check(sum(h.bucket) == h.num > 0 and h.min <= h.max and h.bucket_limit == sorted(h.bucket_limit), tag)
    for tag in tags["images"]:
        for event in events.Images(tag):
            height, width = struct.unpack(">II", event.encoded_image_string[16:24])[::-1]
            check(event.encoded_image_string.startswith(b"\x89PNG\r\n\x1a\n"), tag, "is no PNG")
            check((height, width) == (event.height, event.width), tag, "has another size")
    histograms = sum(len(events.Histograms(tag)) for tag in tags["histograms"])
    pictures = sum(len(events.Images(tag)) for tag in tags["images"])
    check(histograms > 0, "there are no histograms")
    print(f"{len(files)} files, {records} records; {compared} scalars equal those of metrics.jsonl; "
          f"{histograms} histograms, {pictures} pictures")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
