"""How the healing of many leafs ended: the outcome of each, and of all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.errors import ExitCode, VipkeeperError
from nornir_config.runner.errors import AbandonedError, NotStartedError
from runbooks.run.errors import CancelledError
from runbooks.run.explain import explain, report_of, root_cause

if TYPE_CHECKING:
    from nornir.core.task import MultiResult

    from runbooks.fleet.plan import FleetPlan
    from runbooks.run.run import Run


_NO_CURE = "not well or not judged, and no cure is known to help"
_SEE = "See what is wrong and what to do about it: vip check"


@dataclass(frozen=True)
class LeafOutcome:
    """The outcome of one leaf.

    Attributes:
        switch: its name.
        verdict: ``healed``, ``healed for now``, ``failed``, ``not started`` or ``left to itself``.
        sentence: the outcome for a person.
        report: the path of its own report; empty where none was written.
        exit_code: the exit code that the leaf alone would give.
        advice: what to do next.
    """

    switch: str
    verdict: str
    sentence: str
    report: str = ""
    exit_code: int = ExitCode.OK
    advice: str = ""


class StoppedError(VipkeeperError):
    """A leaf was not healed, and no other one was started after it; has that leaf's exit code."""

    def __init__(self, message: str, first: LeafOutcome) -> None:
        super().__init__(message, first.advice)
        self.exit_code = first.exit_code


def outcome_of(name: str, results: MultiResult) -> LeafOutcome:
    """Return the outcome of a leaf, from the results of its Nornir task."""
    if not results.failed:
        leaf: Run = results[0].result
        verdict = "healed" if leaf.exit_code == ExitCode.OK else "healed for now"
        return LeafOutcome(
            name, verdict, leaf.sentence, str(leaf.written or ""), leaf.exit_code, leaf.advice
        )
    error = root_cause(results) or RuntimeError("it failed without an exception")
    said = explain(error, name)
    verdict = "not started" if isinstance(error, NotStartedError) else "failed"
    if isinstance(error, AbandonedError):
        verdict = "left to itself"
    return LeafOutcome(name, verdict, said.sentence, report_of(error), said.exit_code, said.advice)


def conclude(
    run: Run, plan: FleetPlan, outcomes: tuple[LeafOutcome, ...], interrupted: str
) -> None:
    """End the run of all leafs by the outcome of each.

    Raises:
        StoppedError: a leaf was not healed.
        CancelledError: the run was interrupted.
    """
    run.report.leafs = outcomes
    healed = [o.switch for o in outcomes if o.verdict == "healed"]
    for_now = [o for o in outcomes if o.verdict == "healed for now"]
    failed = [o for o in outcomes if o.verdict == "failed"]
    waiting = [o.switch for o in outcomes if o.verdict == "not started"]
    said = f"{len(healed)} of {len(plan.leafs)} leafs healed"
    said += f" ({', '.join(healed)})" if healed else ""
    said += f"; healed for now: {', '.join(o.switch for o in for_now)}" if for_now else ""
    said += f"; not started: {', '.join(waiting)}" if waiting else ""
    failures = "".join(f"; {outcome.sentence}" for outcome in failed)
    if interrupted:
        away = [o.switch for o in outcomes if o.verdict == "left to itself"]
        said += f"; left to the timer on the switch: {', '.join(away)}" if away else ""
        said = f"stopped by {interrupted}: {said}{failures}"
        raise CancelledError(said, "See how they are: vip check")
    if failed:
        raise StoppedError(f"{said}{failures}", failed[0])
    left = _left_alone(plan)
    if for_now:
        sentences = "; ".join(outcome.sentence for outcome in for_now)
        advice = " ".join(dict.fromkeys(outcome.advice for outcome in for_now))
        sentences += f"; {left}" if left else ""
        run.end("healed-for-now", f"{said}; {sentences}", ExitCode.HEALED_FOR_NOW, advice)
        return
    if left:
        run.end("not-healed", f"{said}; {left}", ExitCode.NOT_HEALED, _SEE)
        return
    run.end("healed", said)


def _left_alone(plan: FleetPlan) -> str:
    """Return, as a clause, the switches that are not well and were left alone."""
    ill = _ill(plan) - {leaf.switch for leaf in plan.leafs}
    return f"left alone: {', '.join(sorted(ill))} ({_NO_CURE})" if ill else ""


def _ill(plan: FleetPlan) -> set[str]:
    return {*plan.unhealthy, *(name for name, d in plan.left if not d.latent)}


def nothing_to_cure(run: Run, plan: FleetPlan) -> None:
    """End a run with an empty plan: all leafs are well, or no cure ends their faults."""
    ill = sorted(_ill(plan))
    if not ill:
        run.end("healthy", f"{plan.checked} leafs have no fault to cure; nothing was touched")
        return
    run.end(
        "not-healed",
        f"{', '.join(ill)}: {_NO_CURE}; nothing was touched",
        ExitCode.NOT_HEALED,
        _SEE,
    )
