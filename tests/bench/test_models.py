"""Models side by side: who is measured, what is timed, and what is made of the figures."""

import json

import numpy as np
import pytest
import torch

from emospot.batch import collate
from emospot.bench import models as benches
from emospot.bench import process
from emospot.bench.contenders import Contender, bench_study, contenders, reference
from emospot.bench.memory import memory_now, peak_memory
from emospot.bench.models import bench_length, bench_memory, bench_speed
from emospot.bench.process import Measured, Pass, Settings, long_example
from emospot.bench.rounds import BenchError, processes, rounds
from emospot.bench.shown import bench_page, bench_rows, bench_title
from emospot.errors import UsageError
from emospot.experiments.stores import open_store
from emospot.experiments.study import load_study, parse_study
from emospot.training.data import as_example

SMALL = {"width": 16, "heads": 2, "graph_heads": 2, "graph_past": 2, "graph_future": 2}
STUDY = {
    "title": "small",
    "corpora": {
        "drawn": {
            "kind": "planted",
            "world": {
                "world": "easy",
                "dialogues": {"train": 6, "test": 2},
                "dials": {"turns": [4, 8], "tokens": 12},
            },
        }
    },
    "features": {"pooled": {"pool": ["words", "voice", "face"]}, "tokens": {}},
    "base": {"model": SMALL, "training": {"choose": "last", "dev": "none"}},
    "models": {
        "emospot": {},
        "no graph": {"model": {"graph": False}, "features": ["tokens"]},
        "majority": {"model": {"kind": "majority"}},
        "MLP": {"model": {"kind": "mlp", "pooling": "attention"}},
    },
    "primary": "emospot",
}


@pytest.fixture(scope="module")
def study():
    return parse_study(STUDY, "test")


@pytest.fixture(scope="module")
def store(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench") / "stores" / "drawn"
    return open_store("drawn", study.corpora["drawn"], folder)


def _measured(study, store, model="emospot", features="tokens", **how):
    (one,) = contenders(study, [model], [features])
    return Measured(study.model_dump(mode="json"), one, str(store.path), Settings(**how))


class TestContenders:
    def test_what_is_trained_by_steps_on_what_it_reads(self, study):
        assert [one.name for one in contenders(study)] == [
            "emospot (pooled)",
            "MLP (pooled)",
            "emospot (tokens)",
            "no graph (tokens)",
            "MLP (tokens)",
        ]

    def test_names_are_plain_where_there_is_one_kind_of_features(self, study):
        found = contenders(study, ["MLP", "emospot"], ["pooled"])
        assert found == [
            Contender("emospot", "pooled", "emospot"),
            Contender("MLP", "pooled", "MLP"),
        ]

    @pytest.mark.parametrize(
        ("models", "features", "message"),
        [
            (["GRU"], [], 'the study has no model "GRU", only emospot, no graph, majority, MLP'),
            ([], ["voices"], 'the study has no features "voices", only pooled, tokens'),
            (["majority"], [], 'model "majority" is not trained by steps'),
            (["no graph"], ["pooled"], 'model "no graph" does not read pooled'),
            (["no graph", "MLP"], ["pooled"], 'model "no graph" does not read pooled'),
        ],
    )
    def test_what_is_not_there(self, study, models, features, message):
        with pytest.raises(UsageError, match=message):
            contenders(study, models, features)

    def test_who_the_others_are_compared_with(self, study):
        found = contenders(study)
        assert reference(study, found, None) == "emospot"
        assert reference(study, found, "MLP") == "MLP"
        assert reference(study, contenders(study, ["MLP"]), None) == "MLP"
        named = study.model_copy(update={"opponent": "MLP"})
        assert reference(named, found, None) == "MLP"
        with pytest.raises(UsageError, match='"majority" is not measured, only emospot, MLP'):
            reference(study, found, "majority")

    def test_the_shipped_contenders(self):
        own = bench_study(None)
        names = [one.name for one in contenders(own)]
        assert "emospot (tokens)" in names
        assert "CORECT, as published (pooled)" in names
        assert reference(own, contenders(own), None) == "CORECT"

    def test_a_study_of_folds(self, tmp_path):
        values = {**STUDY, "protocols": {"sessions": {"kind": "cross_validation"}}}
        path = tmp_path / "study.yaml"
        path.write_text(json.dumps(values))
        with pytest.raises(UsageError, match="the protocol sessions of this study has folds"):
            bench_study(str(path))


class TestMeasured:
    def test_a_pass_of_training_changes_the_weights_and_is_timed(self, study, store):
        measured = _measured(study, store, utterances=10)
        before = [p.detach().clone() for p in measured.model.parameters()]
        found = measured.train()
        assert found.seconds > 0
        counts = [len(e.conversation.utterances) for e in measured.split.train]
        assert sum(counts) == found.utterances
        assert sum(counts[:-1]) < 10 <= sum(counts)
        after = list(measured.model.parameters())
        assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))

    @pytest.mark.parametrize("name", ["iemocap6", "iemocap4", "meld", "controls", "ablations"])
    def test_every_recipe_of_the_shipped_studies_can_be_timed(self, name):
        shipped = load_study(name)
        for model in shipped.entries():
            training = process._measured(shipped.config(model), 3).training
            # Without dev conversations there is no plateau.
            assert (training.schedule, training.each_once) == ("constant", False)
            assert training.batch_size == 3

    def test_a_recipe_that_waits_for_a_plateau(self, store):
        values = {
            **STUDY,
            "base": {**STUDY["base"], "training": {"schedule": "plateau", "warmup_epochs": 0}},
        }
        slow = parse_study(values, "test")
        assert _measured(slow, store, "MLP", utterances=5).train().seconds > 0

    def test_answers_leave_the_weights_alone(self, study, store):
        measured = _measured(study, store)
        before = [p.detach().clone() for p in measured.model.parameters()]
        assert measured.infer().utterances == sum(
            len(e.conversation.utterances) for e in measured.split.train
        )
        assert measured.long(30).utterances == 30
        assert all(map(torch.equal, before, measured.model.parameters()))

    def test_what_does_not_depend_on_time(self, study, store):
        facts = _measured(study, store).facts()
        model = _measured(study, store).model
        assert facts.parameters == sum(p.numel() for p in model.parameters())
        assert facts.modalities == ("words", "voice")
        assert _measured(study, store, "no graph").facts().edges is None

    def test_edges_are_those_of_the_window(self, study, store):
        measured = _measured(study, store)
        lengths = [len(e.conversation.utterances) for e in measured.split.train]
        # Two modalities: each utterance reads itself, up to two before and two after, and
        # the other modality of the same utterance.
        window = sum(sum(0 <= i + w < n for w in range(-2, 3)) for n in lengths for i in range(n))
        expected = 2 * (window + sum(lengths)) / sum(lengths)
        assert measured.facts().edges == pytest.approx(expected)

    def test_the_size_of_a_batch(self, study, store):
        assert _measured(study, store).config.training.batch_size == 8
        assert _measured(study, store, batch_size=3).config.training.batch_size == 3

    def test_memory_is_what_came_on_top(self, study, store):
        measured = _measured(study, store)
        held = measured.memory()
        block = np.ones(peak_memory() - memory_now() + 50_000_000, dtype=np.uint8)
        assert measured.memory() - held >= 30_000_000
        assert len(block) > 0


class TestLongConversations:
    def test_conversations_one_after_the_other(self, store):
        examples = [as_example(c) for c in store.conversations("train")]
        first, second = examples[:2]
        count = len(first.conversation.utterances)
        long = long_example(examples[:2], count + 3)
        utterances = long.conversation.utterances
        assert len(utterances) == count + 3
        assert len({u.id for u in utterances}) == count + 3
        for m, tokens in long.tokens.items():
            assert len(tokens) == count + 3
            assert tokens[count] is second.tokens[m][0]
        own = second.conversation.utterances[0]
        end = max(u.end for u in first.conversation.utterances)
        assert utterances[count].start == pytest.approx(own.start + end)
        assert len(long.conversation.speakers) <= 2

    def test_they_repeat(self, store):
        examples = [as_example(c) for c in store.conversations("train")][:1]
        count = len(examples[0].conversation.utterances)
        long = long_example(examples, 3 * count)
        texts = [u.text for u in long.conversation.utterances]
        assert texts == 3 * texts[:count]
        starts = [u.start for u in long.conversation.utterances]
        assert starts == sorted(starts)

    def test_the_model_answers_for_all_of_it(self, store):
        examples = [as_example(c) for c in store.conversations("train")]
        batch = collate([long_example(examples, 77)], {"words": 8, "voice": 8})
        assert batch.mask.sum() == 77


class TestRounds:
    def test_each_is_asked_once_a_round_and_the_first_is_thrown_away(self):
        asked, told = [], []

        def one(name):
            asked.append(name)
            return float(len(asked))

        found = rounds(["a", "b"], one, 2, lambda done, total: told.append((done, total)))
        assert all(sorted(asked[n : n + 2]) == ["a", "b"] for n in (0, 2, 4))
        places = {name: [n + 1.0 for n, a in enumerate(asked) if a == name] for name in "ab"}
        assert found == {name: own[1:] for name, own in places.items()}
        assert told == [(n, 6) for n in range(1, 7)]

    def test_nobody_always_follows_the_same(self):
        names, asked = list("abcdef"), []
        rounds(names, lambda name: float(asked.append(name) or 0), 7, lambda done, total: None)
        before = [
            order[order.index("d") - 1]
            for order in (asked[n : n + 6] for n in range(0, 48, 6))
            if order[0] != "d"
        ]
        assert len(set(before)) > 2


class _Running:
    """Stands for the processes: passes of known length."""

    def __init__(self, seconds, most=None):
        self.seconds, self.most = {n: list(s) for n, s in seconds.items()}, most or {}

    def ask(self, name, what, *arguments):
        if what == "facts":
            from emospot.bench.process import Facts

            return Facts(1234, None, ("words",))
        if what == "memory":
            return int(self.seconds[name].pop(0) * 1e6)
        count = arguments[0] if arguments else 100
        if count > self.most.get(name, count):
            raise BenchError(f"{name}: out of memory")
        seconds = self.seconds[name]
        return Pass(seconds.pop(0) if len(seconds) > 1 else seconds[0], count)


@pytest.fixture
def known(monkeypatch):
    def passes(seconds, most=None):
        from contextlib import contextmanager

        @contextmanager
        def running(*_):
            yield _Running(seconds, most)

        monkeypatch.setattr(benches, "processes", running)

    return passes


class TestFigures:
    def test_ratios_are_taken_within_a_round(self, study, store, known):
        # The machine slows down by three: medians alone would say 1, 4 and 10.
        known({"emospot": [9, 1.0, 2.0, 3.0], "MLP": [9, 0.5, 1.0, 1.0]})
        found = contenders(study, ["emospot", "MLP"], ["pooled"])
        bench = bench_speed("train", study, found, store.path, Settings(), count=3)
        emospot, mlp = bench.rows
        assert emospot.figures == (100.0, 50.0, pytest.approx(100 / 3))
        assert emospot.median == 50.0
        assert emospot.ratio is None
        assert (mlp.ratio.median, mlp.ratio.low, mlp.ratio.high) == (2.0, 2.0, 2.5)
        assert bench.against == "emospot"
        head, rows = bench_rows(bench)
        assert "training, utterances a second; ratios to emospot" in bench_title(bench)
        assert head[1:3] == ["utt/s", "× emospot"]
        assert rows[1][:4] == ["MLP", "100", "2.00 [2.00, 2.50]", "1,234"]

    def test_others_are_compared_on_their_own_features(self, study, store, known):
        known({"emospot (pooled)": [1.0], "emospot (tokens)": [4.0], "no graph (tokens)": [2.0]})
        found = contenders(study, ["emospot", "no graph"])
        bench = bench_speed("infer", study, found, store.path, Settings(), count=1)
        assert [row.ratio and row.ratio.median for row in bench.rows] == [None, None, 2.0]

    def test_nobody_is_compared_across_features(self, study, store, known):
        known({"emospot (pooled)": [1.0], "emospot (tokens)": [4.0], "no graph (tokens)": [2.0]})
        found = contenders(study, ["emospot", "no graph"])
        bench = bench_speed(
            "infer", study, found, store.path, Settings(), against="no graph", count=1
        )
        assert [row.ratio and row.ratio.median for row in bench.rows] == [None, 0.5, None]

    def test_less_cost_is_better_and_who_fails_is_asked_no_more(self, study, store, known):
        known({"emospot": [0.1], "MLP": [0.2]}, most={"MLP": 60})
        found = contenders(study, ["emospot", "MLP"], ["pooled"])
        told = []
        bench = bench_length(
            study,
            found,
            store.path,
            Settings(),
            lengths=(100, 50, 200),
            against="MLP",
            count=2,
            tell=lambda done, total: told.append((done, total)),
        )
        places = [(row.name, row.place, row.median) for row in bench.rows]
        assert places == [
            ("emospot", "50 utterances", 2.0),
            ("MLP", "50 utterances", 4.0),
            ("emospot", "100 utterances", 1.0),
            ("MLP", "100 utterances", None),
            ("emospot", "200 utterances", 0.5),
        ]
        assert bench.rows[0].ratio.median == 0.5
        assert bench.rows[2].ratio is None
        assert bench.rows[3].failed == "out of memory"
        assert bench_rows(bench)[1][3][:3] == ["MLP", "100 utterances", "out of memory"]
        json.loads(json.dumps(bench.to_dict(), allow_nan=False))
        page = bench_page(bench)
        assert "Cost of one conversation by its length" in page
        assert "3 rounds" not in page
        assert "2 rounds" in page
        assert all(done <= total for done, total in told)

    def test_memory_has_new_processes(self, study, store, known):
        known({"emospot": [1, 50.0], "MLP": [1, 25.0]})
        found = contenders(study, ["emospot", "MLP"], ["pooled"])
        bench = bench_memory(study, found, store.path, Settings(), count=1)
        assert [row.median for row in bench.rows] == [50.0, 25.0]
        assert bench.rows[1].ratio.median == 0.5


def test_real_processes_side_by_side(study, store):
    found = contenders(study, ["emospot", "MLP"], ["pooled"])
    bench = bench_speed("infer", study, found, store.path, Settings(), count=1)
    assert all(row.median > 0 for row in bench.rows)
    assert bench.facts["MLP"].edges is None
    assert bench.facts["emospot"].edges > 1
    json.loads(json.dumps(bench.to_dict(), allow_nan=False))


def test_who_runs_out_of_memory_is_told(study, store):
    found = contenders(study, ["emospot"], ["tokens"])
    how = Settings(memory=700_000_000)
    with processes(study, found, store.path, how) as running:
        assert running.ask("emospot", "long", 20).utterances == 20
        with pytest.raises(BenchError, match="emospot: .*memory"):
            running.ask("emospot", "long", 200_000)
