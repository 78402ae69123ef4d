"""Medians, ranges, and whether a goal is met.

A goal asks for a ratio between two medians. Where the two ranges overlap once the goal's factor is
applied, the run cannot tell them apart, and the verdict says so.
"""
import statistics
from dataclasses import dataclass, field


@dataclass
class Samples:
    values: list = field(default_factory=list)
    flushes: list = field(default_factory=list)  # per operation
    written_mb: list = field(default_factory=list)
    notes: dict = field(default_factory=dict)

    def median(self):
        return statistics.median(self.values)

    def text(self):
        return f"{short(self.median())} [{short(min(self.values))}-{short(max(self.values))}] ({len(self.values)})"


@dataclass
class Goal:
    peer: str
    factor: float
    subject: str = "hoist"
    lower_is_better: bool = False


@dataclass
class Verdict:
    goal: Goal
    ratio: float
    overlap: bool
    met: bool

    def text(self):
        sign = "<=" if self.goal.lower_is_better else ">="
        word = "met" if self.met else "missed"
        if self.overlap:
            word = "met, ranges overlap" if self.met else "not told apart: ranges overlap"
        return f"{self.ratio:.2f} x {self.goal.peer} (goal {sign} {self.goal.factor:g}): {word}"


def judge(goal, samples):
    ours, theirs = samples[goal.subject], samples[goal.peer]
    if not ours.values or not theirs.values:
        return None
    bounds = [value * goal.factor for value in (min(theirs.values), max(theirs.values))]
    overlap = min(ours.values) <= bounds[1] and max(ours.values) >= bounds[0]
    ratio = ours.median() / theirs.median()
    met = ratio <= goal.factor if goal.lower_is_better else ratio >= goal.factor
    return Verdict(goal, ratio, overlap, met)


def short(value):
    if abs(value) >= 10_000:
        return f"{value / 1000:.1f}k"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"
