from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.cure.policy import CurePolicy, foreign, harming, next_cure
from runbooks.incident.impact import Scope
from runbooks.run.attempt import CureAttempt
from tasks.faults.model import Diagnosis
from tasks.ladder import Cure
from tests.unit.tasks.health.healthy import GATEWAY, SVI, V0


def found(fault: str = "svi-routes-lost", cure: Cure = Cure.REAPPLY, **more: object) -> Diagnosis:
    base = Diagnosis(fault, "it is broken", ("seen",), cure, SVI, (V0,))
    return replace(base, **more)  # type: ignore[arg-type]


def tried(cure: Cure, fault: str = "svi-routes-lost") -> CureAttempt:
    return CureAttempt(cure, fault, SVI)


def climb(scope: Scope, *diagnoses: Diagnosis, force: bool = False) -> list[Cure]:
    """Every cure in turn, when none of them changes anything."""
    done: list[CureAttempt] = []
    while (choice := next_cure(diagnoses, GATEWAY, CurePolicy(scope, force), done)) is not None:
        done.append(CureAttempt(choice.cure, choice.fault, choice.interface))
        assert len(done) < 20, "it climbs for ever"
    return [step.cure for step in done]


ROUTES = [Cure.REAPPLY, Cure.FLAP, Cure.RECREATE, Cure.TOGGLE]


@pytest.mark.parametrize("scope", [Scope.VM, Scope.HYPERVISOR, Scope.LEAF, Scope.UNKNOWN])
def test_a_certain_fault_of_the_gateway_is_climbed_for(scope: Scope) -> None:
    assert climb(scope, found()) == ROUTES


def test_more_than_a_leaf_gets_nothing_disruptive() -> None:
    assert climb(Scope.FLEET, found()) == [Cure.REAPPLY]
    assert climb(Scope.FLEET, found(cure=Cure.RECREATE)) == []
    assert climb(Scope.FLEET, found(cure=Cure.RECREATE), force=True) == [
        Cure.RECREATE,
        Cure.TOGGLE,
    ]


def test_what_is_known_not_to_end_a_fault_is_passed_over() -> None:
    gone = found("vrr-device-deleted", resists=(Cure.FLAP,))
    assert climb(Scope.LEAF, gone) == [Cure.REAPPLY, Cure.RECREATE, Cure.TOGGLE]
    for_good = found(resists=(Cure.FLAP, Cure.RECREATE, Cure.TOGGLE))
    assert climb(Scope.LEAF, for_good, force=True) == [Cure.REAPPLY]
    assert climb(Scope.LEAF, replace(for_good, resists=(Cure.REAPPLY, Cure.TOGGLE))) == [
        Cure.FLAP,
        Cure.RECREATE,
    ]


ROGUE = found(
    "vip-answered-by-other", Cure.ANNOUNCE, resists=(Cure.RECREATE, Cure.TOGGLE), returns=True
)


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("force", [False, True])
def test_never_a_toggle_for_what_a_toggle_does_not_end(scope: Scope, *, force: bool) -> None:
    assert climb(scope, ROGUE, force=force) == [Cure.ANNOUNCE]
    # Nor on suspicion, while it explains the outage.
    unsure = found("beyond-gateway", Cure.NONE, certain=False)
    assert Cure.TOGGLE not in climb(scope, ROGUE, unsure, force=force)
    assert Cure.TOGGLE not in climb(scope, ROGUE, found("x", Cure.FORGET), force=force)


def test_beside_it_another_fault_gets_its_own_cures() -> None:
    assert climb(Scope.LEAF, ROGUE, found()) == [Cure.ANNOUNCE, *ROUTES]


def test_what_is_told_by_exclusion_and_not_ended_by_its_cure_was_something_else() -> None:
    unsure = found("vm-arp-wrong", Cure.ANNOUNCE, certain=False, resists=(Cure.TOGGLE,))
    assert climb(Scope.LEAF, unsure) == [Cure.ANNOUNCE, Cure.TOGGLE]
    assert climb(Scope.VM, unsure) == [Cure.ANNOUNCE]


def test_a_cure_that_another_fault_masked_is_tried_again_before_anything_higher() -> None:
    rules = CurePolicy(Scope.LEAF)
    done: list[CureAttempt] = []

    def step(*diagnoses: Diagnosis) -> Cure | None:
        choice = next_cure(diagnoses, GATEWAY, rules, done)
        if choice is None:
            return None
        beside = tuple(harming(diagnoses) - {choice.fault})
        done.append(CureAttempt(choice.cure, choice.fault, SVI, beside=beside))
        return choice.cure

    assert step(found(), ROGUE) is Cure.ANNOUNCE  # in vain: the answers have no way back
    assert step(found(), ROGUE) is Cure.REAPPLY
    assert step(ROGUE) is Cure.ANNOUNCE  # the routes are there now
    assert step(ROGUE) is None


def test_a_masked_cure_is_not_tried_for_ever() -> None:
    one, two = found("svi-down"), found("svi-routes-lost")
    masked = [CureAttempt(Cure.REAPPLY, "svi-routes-lost", SVI, beside=("svi-down",))]
    again = next_cure((two,), GATEWAY, CurePolicy(Scope.LEAF), masked)
    assert again is not None
    assert again.cure is Cure.REAPPLY
    still = next_cure(
        (two, one), GATEWAY, CurePolicy(Scope.VM), [*masked, tried(Cure.REAPPLY, "svi-down")]
    )
    assert still is not None
    assert still.cure is Cure.FLAP, "what masked it is still there"
    after = next_cure((two,), GATEWAY, CurePolicy(Scope.LEAF), [*masked, *masked])
    assert after is not None
    assert after.cure is Cure.FLAP


def test_a_recreation_for_a_fault_that_is_gone_serves_no_other() -> None:
    noarp = CureAttempt(Cure.RECREATE, "vrr-noarp", SVI)
    other = found("vrr-rp-filter", Cure.RECREATE)
    choice = next_cure((other,), GATEWAY, CurePolicy(Scope.LEAF), [noarp])
    assert choice is not None
    assert choice.cure is Cure.RECREATE


def test_a_wrong_mac_is_not_recreated() -> None:
    assert climb(Scope.LEAF, found("virtual-mac-wrong", Cure.SET_MAC)) == [
        Cure.SET_MAC,
        Cure.TOGGLE,
    ]


@pytest.mark.parametrize("scope", [Scope.VM, Scope.HYPERVISOR, Scope.UNKNOWN, Scope.FLEET])
@pytest.mark.parametrize("cure", [Cure.FORGET, Cure.ANNOUNCE])
def test_what_concerns_one_vm_is_never_climbed_for(scope: Scope, cure: Cure) -> None:
    fault = found("neighbour-wrong", cure, devices=())
    assert climb(scope, fault) == [cure]
    assert climb(scope, replace(fault, certain=False)) == [cure]
    assert climb(scope, fault, force=True) == [cure, Cure.TOGGLE]


def test_a_port_is_not_climbed_for_but_a_leaf_is() -> None:
    port = found("port-down", devices=("swp1s3",))
    assert climb(Scope.HYPERVISOR, port) == [Cure.REAPPLY]
    assert climb(Scope.LEAF, port) == [Cure.REAPPLY, Cure.TOGGLE]
    assert climb(Scope.LEAF, replace(port, resists=(Cure.TOGGLE,))) == [Cure.REAPPLY]


def test_nothing_found_is_the_toggle_for_a_leaf_and_nothing_else() -> None:
    assert climb(Scope.LEAF) == [Cure.TOGGLE]
    for scope in set(Scope) - {Scope.LEAF}:
        assert climb(scope) == []
        assert climb(scope, force=True) == [Cure.TOGGLE]


def test_an_uncertain_diagnosis_needs_a_leaf() -> None:
    unsure = found(cure=Cure.RECREATE, certain=False)
    assert climb(Scope.VM, unsure) == []
    assert climb(Scope.LEAF, unsure) == [Cure.RECREATE, Cure.TOGGLE]


def test_the_certain_and_mild_come_first() -> None:
    choice = next_cure(
        (
            found("vrr-noarp", Cure.RECREATE),
            found("neighbour-wrong", Cure.FORGET),
            found("vm-arp-wrong", Cure.ANNOUNCE, certain=False),
        ),
        GATEWAY,
        CurePolicy(Scope.LEAF),
    )
    assert choice is not None
    assert choice.cure is Cure.FORGET


def test_a_latent_fault_is_mended_last_and_only_without_an_outage() -> None:
    latent = found("vip-prefix-wrong", latent=True)
    assert climb(Scope.VM, latent) == [Cure.REAPPLY]
    assert climb(Scope.VM, found("virtual-mac-wrong", Cure.SET_MAC, latent=True)) == []
    arp = found("vm-arp-wrong", Cure.ANNOUNCE, certain=False)
    assert climb(Scope.VM, latent, arp) == [Cure.ANNOUNCE, Cure.REAPPLY]


def test_one_recreation_serves_two_faults() -> None:
    both = (found("vrr-noarp", Cure.RECREATE), found("vrr-rp-filter", Cure.RECREATE))
    assert climb(Scope.LEAF, *both) == [Cure.RECREATE, Cure.TOGGLE]


def test_another_cause_stops_everything() -> None:
    cause = found("forwarding-off", Cure.NONE)
    for scope in Scope:
        assert climb(scope, cause, found(), force=True) == []
        assert foreign((found(), cause), CurePolicy(scope)) is cause


def test_a_vms_own_silence_does_not_explain_a_leafs() -> None:
    for fault in ("vm-unreachable", "beyond-gateway"):
        silent = found(fault, Cure.NONE)
        assert foreign((silent,), CurePolicy(Scope.LEAF)) is None
        assert climb(Scope.LEAF, silent) == [Cure.TOGGLE]
        assert foreign((silent,), CurePolicy(Scope.VM)) is silent


def test_an_uncertain_cause_gives_way_to_what_can_be_cured() -> None:
    unsure = found("policy-rule-from", Cure.NONE, certain=False)
    assert foreign((unsure,), CurePolicy(Scope.VM)) is unsure
    assert foreign((unsure, found()), CurePolicy(Scope.VM)) is None


_ANY = st.builds(
    found,
    st.sampled_from(["svi-routes-lost", "vm-unreachable", "port-down", "neighbour-wrong", "x"]),
    st.sampled_from([cure for cure in Cure if cure is not Cure.TOGGLE]),
    certain=st.booleans(),
    latent=st.booleans(),
)


@given(diagnoses=st.lists(_ANY, max_size=4), scope=st.sampled_from(Scope))
def test_it_always_ends_and_keeps_to_the_rules(diagnoses: list[Diagnosis], scope: Scope) -> None:
    cures = climb(scope, *diagnoses)
    assert cures.count(Cure.TOGGLE) <= 1
    assert Cure.NONE not in cures
    if scope is Scope.FLEET:
        assert not any(cure.disruptive for cure in cures)
    if foreign(diagnoses, CurePolicy(scope)) is not None:
        assert cures == []
    if scope is not Scope.LEAF and not any(d.certain and not d.latent for d in diagnoses):
        assert not any(cure.disruptive for cure in cures)
