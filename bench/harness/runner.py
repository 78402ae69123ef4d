"""Runs the legs of a comparison interleaved and in an order that rotates, and writes the report."""
import os
import subprocess
import time
import traceback
from dataclasses import dataclass, field

from . import machine
from .processes import Failed, NotMeasured
from .stats import Samples, judge


@dataclass
class Sample:
    """What one leg measured. `operations` turns flushes into flushes per operation."""

    value: float
    operations: float = 0
    notes: dict = field(default_factory=dict)


@dataclass
class Comparison:
    name: str  # for --only
    title: str
    unit: str
    contestants: dict  # name -> function that runs one leg and answers a Sample
    goals: list
    durability: str = ""
    about: str = ""
    pids: dict = field(default_factory=dict)  # name -> process ids to charge CPU to
    rounds: int = 5
    warm_mb: int = 192  # as much as a leg writes
    missing: dict = field(default_factory=dict)  # name -> why it was not measured


def run_comparison(comparison, context):
    """Every contestant once a round. One that fails is reported and left out of later rounds."""
    samples = {name: Samples() for name in comparison.contestants}
    names = list(comparison.contestants)
    for number in range(context.rounds or comparison.rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            if name not in comparison.missing:
                run_leg(comparison, name, samples[name], context)
    return samples


def run_leg(comparison, name, samples, context):
    machine.warm(context.folder, comparison.warm_mb)
    meter = machine.Meter(context.folder, comparison.pids.get(name, ()))
    try:
        with meter:
            sample = comparison.contestants[name]()
    except NotMeasured as reason:
        comparison.missing[name] = str(reason)
        return
    except (Failed, OSError, KeyError, ValueError, subprocess.SubprocessError) as error:
        comparison.missing[name] = f"failed: {error}"
        context.log(traceback.format_exc())
        return
    finally:
        context.after_leg()
    samples.values.append(sample.value)
    samples.written_mb.append(meter.written_mb)
    if sample.operations:
        samples.flushes.append(meter.flushes / sample.operations)
        if comparison.pids.get(name):
            sample.notes["CPU us/op"] = meter.cpu_s * 1e6 / sample.operations
    for key, value in sample.notes.items():
        samples.notes.setdefault(key, []).append(value)
    context.log(
        f"{comparison.name:18} {name:24} {sample.value:12.2f} {comparison.unit:10} "
        f"flushes={meter.flushes} written_mb={meter.written_mb:.0f} seconds={meter.seconds:.2f}"
    )


class Context:
    """What every comparison needs: folders, processes, how long a leg takes, where to log."""

    def __init__(self, folder, processes, tools, quick, rounds):
        self.folder = folder
        self.processes = processes
        self.tools = tools  # folder of the load programs
        self.quick = quick
        self.rounds = rounds  # nothing: as each comparison says
        self.cleanups = []
        self.log_path = os.path.join(folder, "run.log")

    def seconds(self, full):
        return 1 if self.quick else full

    def count(self, full):
        return max(full // 10, 10) if self.quick else full

    def tool(self, name):
        return os.path.join(self.tools, name)

    def log(self, line):
        print(line, flush=True)
        with open(self.log_path, "a") as file:
            file.write(line + "\n")

    def after_leg(self):
        """Removes what a leg left on disk and lets the disk finish, outside every measurement."""
        for cleanup in self.cleanups:
            cleanup()
        os.sync()
        time.sleep(0.05)
