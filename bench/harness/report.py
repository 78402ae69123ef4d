"""The results as Markdown: one table of goals, then one table a comparison."""
from statistics import median

from .stats import judge, short


def verdict_cells(comparison, samples):
    for goal in comparison.goals:
        missing = [name for name in (goal.subject, goal.peer) if not samples[name].values]
        if missing:
            reasons = "; ".join(f"{name}: {comparison.missing.get(name, 'no samples')}" for name in missing)
            sign = "<=" if goal.lower_is_better else ">="
            yield f"{sign} {goal.factor:g} x {goal.peer}", "", f"not measured ({reasons})"
            continue
        verdict = judge(goal, samples)
        sign = "<=" if goal.lower_is_better else ">="
        word = verdict.text().rsplit("): ", 1)[1]
        yield f"{sign} {goal.factor:g} x {goal.peer}", f"{verdict.ratio:.2f} x", word


def goal_table(results):
    lines = ["| what | hoist | peer | ratio | goal | verdict |", "|---|---|---|---|---|---|"]
    for comparison, samples in results:
        for (goal_text, ratio, word), goal in zip(verdict_cells(comparison, samples), comparison.goals):
            cell = lambda name: samples[name].text() if samples[name].values else "-"
            lines.append(
                f"| {comparison.title} ({comparison.unit}) | {cell(goal.subject)} | "
                f"{goal.peer} {cell(goal.peer)} | {ratio} | {goal_text} | {word} |"
            )
    return lines


def detail_table(comparison, samples):
    lines = [f"### {comparison.title}", ""]
    if comparison.about:
        lines += [comparison.about, ""]
    if comparison.durability:
        lines += [f"Durability: {comparison.durability}", ""]
    keys = list(dict.fromkeys(key for each in samples.values() for key in each.notes))
    lines.append("| | " + " | ".join([comparison.unit, "flushes/op", "written MB", *keys]) + " |")
    lines.append("|---" * (4 + len(keys)) + "|")
    for name, each in samples.items():
        if not each.values:
            lines.append(
                f"| {name} | not measured: {comparison.missing.get(name, 'no samples')} |"
                + " |" * (2 + len(keys))
            )
            continue
        flushes = short(median(each.flushes)) if each.flushes else "-"
        notes = [note_text(each.notes.get(key)) for key in keys]
        lines.append(
            f"| {name} | " + " | ".join([each.text(), flushes, short(median(each.written_mb)), *notes]) + " |"
        )
    return lines + [""]


def note_text(values):
    if not values:
        return "-"
    return short(median(values)) if all(isinstance(v, (int, float)) for v in values) else str(values[-1])


def markdown(results, heading):
    lines = [
        "# Results",
        "",
        *heading,
        "",
        "## Goals",
        "",
        *goal_table(results),
        "",
        "## Measurements",
        "",
        "Cells are `median [min-max] (rounds)`. Flushes are the disk's own count in the leg, per operation.",
        "",
    ]
    for comparison, samples in results:
        lines += detail_table(comparison, samples)
    return "\n".join(lines) + "\n"
