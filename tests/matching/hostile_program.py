"""The reference program with one bad habit: `python hostile_program.py HABIT [--at OPERATION]`.

A habit shows with every request for one operation; with a marker, only until that file is there.
"""

import argparse
import itertools
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from vendor_program import Program


def write(text):
    """Write a line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def hang(_):
    """Never answer."""
    time.sleep(3600)


def flood(_):
    """Write without end, and without the end of a line."""
    while True:
        sys.stdout.write("x" * 65536)


def lines(answer):
    """Write many lines for one."""
    for _ in itertools.repeat(None, 100_000):
        write(json.dumps(answer))


def shout(answer):
    """Write much to standard error, and answer."""
    for _ in range(200):
        sys.stderr.write("\x1b[31mlook at me\x07 " * 4000)
    write(json.dumps(answer))


def die(_):
    """End in the middle of a line."""
    sys.stdout.write('{"id": 1, "sco')
    sys.stdout.flush()
    sys.stderr.write("segmentation\x1b[0m fault\n")
    os._exit(3)


def nest(_):
    """Answer with deep nesting."""
    write("[" * 60_000)


def drip(_):
    """Answer a letter at a time."""
    for _ in range(3600):
        sys.stdout.write(" ")
        sys.stdout.flush()
        time.sleep(0.05)


def deaf(answer):
    """Close the output and stay."""
    del answer
    os.close(1)
    time.sleep(3600)


def changed(**parts):
    """Answer with parts of the answer changed."""
    return lambda answer: write(json.dumps({**answer, **parts}))


def scores(change):
    """Answer with changed scores, where there are any."""
    return lambda answer: write(json.dumps({**answer, "scores": change(answer.get("scores", []))}))


HABITS = {
    "hang": hang,
    "flood": flood,
    "lines": lines,
    "shout": shout,
    "die": die,
    "nest": nest,
    "drip": drip,
    "deaf": deaf,
    "other-id": changed(id=999),
    "no-json": lambda _: write("Loading model ..."),
    "too-few": scores(lambda given: given[1:]),
    "nan": scores(lambda given: [float("nan")] * len(given)),
    "both": changed(template="AAAA", failed="no_face"),
    "stranger": changed(candidates=[[10**6, 0.5]]),
    "other-size": changed(size=-3),
    "other-version": changed(protocol=2, score_kind="odds"),
}


def main():
    """Answer, and misbehave."""
    parser = argparse.ArgumentParser()
    parser.add_argument("habit")
    parser.add_argument("--at", default="compare", help="the operation it shows with")
    parser.add_argument("--marker", help="a file; the habit shows once, until the file is there")
    parser.add_argument("--on", default="", help="only for requests that hold this text")
    options = parser.parse_args()
    program = Program(argparse.Namespace(no_search=options.at == "compare", distance=False))
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"id": request["id"], **getattr(program, request["op"])(request)}
        shown = request["op"] == options.at and options.on in line
        if shown and options.marker:
            shown = not Path(options.marker).exists()
            Path(options.marker).touch()
        if shown:
            HABITS[options.habit](answer)
        else:
            write(json.dumps(answer))


if __name__ == "__main__":
    main()
