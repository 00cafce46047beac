"""What the peer scripts share.

A script reads its settings as one JSON object from standard input and writes one line of JSON, its answer, to standard output:
{"threads", "versions": {package: version}, "figures": [{"values", "processorValues", "note"}]}; values are in seconds.
"""

import importlib.metadata
import json
import os
import sys
import time

# Libraries print as they like; only the answer goes to standard output.
answer_stream = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import torch  # noqa: E402


def read_settings():
    """Settings of the caller; torch gets the number of threads that our own engine uses."""
    settings = json.load(sys.stdin)
    torch.set_num_threads(settings["threads"])
    torch.manual_seed(1)
    return settings


def write_answer(package, figures):
    """`package`: what is measured; torch's version always stands beside it."""
    versions = {name: importlib.metadata.version(name) for name in (package, "torch")}
    versions["torch"] = torch.__version__  # says which build it is
    answer = {"threads": torch.get_num_threads(), "versions": versions, "figures": figures}
    print(json.dumps(answer), file=answer_stream, flush=True)


class Times:
    """Seconds of repetitions, by the clock and of the processor, all threads together."""

    def __init__(self):
        self.values, self.processor_values = [], []

    def start(self):
        self.started = time.perf_counter(), time.process_time()

    def stop(self, factor=1.0):
        """`factor`: how many times the measured part is in the whole."""
        clock, processor = self.started
        self.values.append((time.perf_counter() - clock) * factor)
        self.processor_values.append((time.process_time() - processor) * factor)

    def figure(self, note):
        return {"values": self.values, "processorValues": self.processor_values, "note": note}


def repeat(settings, work, factor=1.0):
    """Timed repetitions of `work`, after one that is not counted."""
    work()
    times = Times()
    for _ in range(settings["repeats"]):
        times.start()
        work()
        times.stop(factor)
    return times


class StepTimes:
    """Times a part of an epoch: `repeats` times `steps` training steps in a row, after two that are not counted."""

    warm_up = 2

    def __init__(self, settings, samples_of_epoch):
        self.times = Times()
        self.steps, self.repeats = settings["steps"], settings["repeats"]
        self.samples_of_epoch = samples_of_epoch
        self.count = self.samples = 0

    @property
    def last(self):
        """Number of the last step."""
        return self.warm_up + self.steps * self.repeats

    def step(self, samples):
        """To be called at the end of each step, with the samples that it learned from."""
        self.count += 1
        self.samples += samples
        if self.count < self.warm_up or (self.count - self.warm_up) % self.steps != 0:
            return
        if self.count > self.warm_up:
            self.times.stop(self.samples_of_epoch / self.samples)
        self.samples = 0
        self.times.start()

    def figure(self, batch_size, work):
        steps_of_epoch = -(-self.samples_of_epoch // batch_size)
        note = f"{work}; extrapolated from {self.steps} of {steps_of_epoch} steps of {batch_size}"
        return self.times.figure(note)


class Race:
    """Trains epoch by epoch until a validation NDCG@5 is reached or the time is over. Validation takes no time here."""

    def __init__(self, settings):
        self.wanted, self.limit = settings["wanted"], settings["limit"]
        self.times = Times()
        self.best, self.epochs = 0.0, 0

    @property
    def seconds(self):
        return sum(self.times.values)

    @property
    def over(self):
        return self.best >= self.wanted or self.seconds >= self.limit

    def epoch(self, train, score):
        """`train`: one epoch; `score`: its validation NDCG@5."""
        self.times.start()
        train()
        self.times.stop()
        self.epochs += 1
        self.best = max(self.best, score())

    def figure(self, work):
        reached = self.best >= self.wanted
        found = f"validation NDCG@5 {self.best:.4f} after {self.epochs} epochs"
        outcome = found if reached else f"{self.wanted} NOT reached: {found}, so the ratio is an upper bound"
        processor = sum(self.times.processor_values)
        note = f"{work}; training alone, without its validations; {outcome}"
        return {"values": [self.seconds], "processorValues": [processor], "note": note}
