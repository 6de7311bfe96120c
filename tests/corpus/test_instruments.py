"""Drawn instruments: each a piano of its own, decided by its chances."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corpus.banks import Bank, load_bank
from corpus.instruments import Instrument, Layer


@pytest.fixture(scope="module")
def bank(toy_data: Path) -> Bank:
    return load_bank(toy_data / "pianos" / "toy.json")


def test_the_same_chances_give_the_same_piano(bank: Bank) -> None:
    one, same, other = (Instrument.draw(bank, np.random.default_rng(s)) for s in (1, 1, 2))
    assert one.described() == same.described() != other.described()
    assert np.array_equal(one.resonance, same.resonance)
    assert not np.array_equal(one.brightness, other.brightness)


def test_what_was_drawn_can_be_written_down(bank: Bank) -> None:
    told = json.loads(json.dumps(Instrument.draw(bank, np.random.default_rng(1)).described()))
    assert told["layers"][0]["bank"] == "toy"
    assert "tuning_cents" not in told


def test_now_and_then_two_banks_sound_together(bank: Bank) -> None:
    other = replace(bank, name="other", licence="CC BY 4.0")
    drawn = [Instrument.draw(bank, np.random.default_rng(s), [bank, other]) for s in range(200)]
    both = [i for i in drawn if len(i.layers) == 2]
    assert 0.07 < len(both) / len(drawn) < 0.25
    assert {i.name for i in both} == {"toy+other"}
    assert both[0].licences == ("CC0", "CC BY 4.0")
    assert all(len(Instrument.draw(bank, np.random.default_rng(s)).layers) == 1 for s in range(50))


def test_every_microphone_of_a_bank_is_used(bank: Bank) -> None:
    stereo = replace(bank, samples=np.repeat(bank.samples, 2, axis=0))
    heard = {Layer.draw(stereo, np.random.default_rng(s)).channel for s in range(40)}
    assert heard == {-1, 0, 1}
