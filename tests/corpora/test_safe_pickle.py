"""Pickles are read as data; whatever would run is refused by name."""

import builtins
import collections
import functools
import operator
import os
import pickle
import pickletools
import struct
import subprocess

import numpy as np
import pytest

from emospot.corpora.safe_pickle import Record, read_pickle
from emospot.errors import CorpusError

DATA = {
    "by_column": np.arange(6.0).reshape(2, 3).T,
    "big_endian": np.array([1, 2], ">i4"),
    "none": np.zeros((0, 3), np.float32),
    "names": np.array(["ab", "c"]),
    "flags": np.array([True, False]),
    "alone": np.array(3.0),
    "objects": np.array([[1], [2, "é"]], dtype=object),
    "plain": [1.5, {1, 2}, frozenset("a"), (b"\x00\xff", "é"), 1 + 2j, None, 10**30],
    "numbers": [np.float32(1.5), np.int64(-3), np.bool_(True)],
    "ordered": collections.OrderedDict(a=1),
    "default": collections.defaultdict(list, a=[1]),
}


@pytest.fixture
def read(tmp_path):
    def read(content, records=()):
        (tmp_path / "file.pkl").write_bytes(content)
        return read_pickle(tmp_path / "file.pkl", records)

    return read


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_data_come_back_in_every_protocol(read, protocol):
    found = read(pickle.dumps(DATA, protocol=protocol))
    assert list(found) == list(DATA)
    for name, expected in DATA.items():
        if isinstance(expected, np.ndarray):
            assert isinstance(found[name], np.ndarray)
            np.testing.assert_array_equal(found[name], expected)
            assert found[name].dtype.kind == expected.dtype.kind
        else:
            assert found[name] == expected


@pytest.mark.parametrize(
    ("old", "new"), [(b"numpy._core.", b"numpy.core."), (b"numpy.core.", b"numpy._core.")]
)
def test_both_homes_of_numpys_functions(read, old, new):
    content = pickle.dumps(np.arange(3), protocol=2).replace(old, new)
    assert read(content).tolist() == [0, 1, 2]


def test_a_pickle_of_python_2(read):
    # What Python 2.7 with numpy 1 writes for {"x": array([1.5]), "s": set(["é"])},
    # put together from the opcodes: byte strings, __builtin__, numpy.core.
    content = (
        b"\x80\x02}q\x00(U\x01xcnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
        b"U\x01b\x87R(K\x01K\x01\x85cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff"
        b"\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x08" + struct.pack("<d", 1.5) + b"tb"
        b"U\x01sc__builtin__\nset\n](U\x02\xc3\xa9e\x85Ru."
    )
    found = read(content)
    assert found["x"].tolist() == [1.5]
    assert found["s"] == {"Ã©"}  # bytes as Latin-1: `mojibake` mends them


class Calls:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


HOSTILE = {
    "system": Calls(os.system, "touch pwned"),
    "popen": Calls(subprocess.Popen, ["touch", "pwned"]),
    "eval": Calls(builtins.eval, "open('pwned', 'w')"),
    "exec": Calls(builtins.exec, "open('pwned', 'w')"),
    "open": Calls(builtins.open, "pwned", "w"),
    "import": Calls(builtins.__import__, "os"),
    "getattr": Calls(getattr, "", "join"),
    "chain": Calls(getattr, Calls(builtins.__import__, "os"), "system"),
    "partial": Calls(functools.partial, os.system),
    "method": Calls(operator.methodcaller, "system", "x"),
    "load": Calls(np.load, "other.npy", None, True),
    "nested": Calls(pickle.loads, b"cos\nsystem\n."),
    "hidden": {"a": [np.array([1, Calls(os.system, "touch pwned")], dtype=object)]},
    "type": Calls(type, "C", (), {}),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_calls_are_refused_by_name(read, tmp_path, monkeypatch, name, protocol):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=r"file\.pkl is refused: it wants to load \w+\.\w+"):
        read(pickle.dumps(HOSTILE[name], protocol=protocol))
    assert not (tmp_path / "pwned").exists()


def test_the_error_names_what_was_wanted(read):
    system = "posix.system" if os.name == "posix" else "nt.system"
    with pytest.raises(CorpusError, match=f"wants to load {system}, and a data file needs only"):
        read(pickle.dumps(HOSTILE["system"]))


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04\x8c\x08builtins\x8c\x09eval.real\x93.",  # a dotted name
        b"\x80\x04\x8c\x05numpy\x8c\x0fndarray.tofile\x93.",
        b"cnumpy\nfromfile\n(Vx\ntR.",
        b"ctorch._utils\n_rebuild_tensor_v2\n.",
        b"ccopy_reg\n_reconstructor\n.",
        b"(ios\nsystem\n.",  # the oldest way to make an object
        b"\x80\x02\x82\x01.",  # from the registry of extensions
        b"Vx\nQ.",  # by a persistent id
        b"cnumpy.core.multiarray\n_reconstruct\n}(V_call\ncbuiltins\neval\nsb.",
    ],
)
def test_other_ways_in_are_closed(read, content):
    with pytest.raises(CorpusError, match=r"file\.pkl is (refused|not a whole pickle)"):
        read(content)


def damaged_array(dtype=b"f8", order="<", nested=None, shape=(1,), content=b"\0" * 8):
    """A pickled array whose parts can be wrong in ways that numpy does not write."""
    parts = {
        "new": b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R",
        "type": b"cnumpy\ndtype\nC" + bytes([len(dtype)]) + dtype + b"\x89\x88\x87R",
    }
    state = pickletools.optimize(pickle.dumps((3, order, nested, None, None, -1, -1, 0), 2))[2:-1]
    outer = [pickle.dumps(part, 3)[2:-1] for part in (shape, False, content)]
    return (
        b"\x80\x03" + parts["new"] + b"(K\x01" + outer[0]
        + parts["type"].replace(b"C" + bytes([len(dtype)]), b"X" + struct.pack("<I", len(dtype)))
        + state + b"b" + outer[1] + outer[2] + b"tb."
    )  # fmt: skip


def test_the_damaged_array_undamaged(read):
    assert read(damaged_array()).tolist() == [0.0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"dtype": b"O"},  # bytes as objects: pointers out of thin air
        {"dtype": b"V8"},
        {"dtype": b"f8,O"},
        {"nested": ("f8", (2,))},
        {"order": "?"},
        {"shape": (2,)},
        {"shape": (-1,)},
        {"shape": 1},
        {"content": 5},
        {"content": b"\0" * 7},
        {"dtype": b"O", "content": [1, 2]},
    ],
)
def test_arrays_that_numpy_would_not_write(read, wrong):
    with pytest.raises(CorpusError, match=r"file\.pkl is not a whole pickle \(ValueError"):
        read(damaged_array(**wrong))


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x03cnumpy.core.multiarray\nscalar\nK\x01K\x02\x86R.",
        b"\x80\x03cnumpy.core.multiarray\n_reconstruct\n)RK\x01b.",
        b"\x80\x03cnumpy\ndtype\nK\x01\x85R.",
        b"\x80\x03cnumpy\nndarray\n)R.",
        b"\x80\x03c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R.",
    ],
)
def test_calls_with_wrong_arguments(read, content):
    with pytest.raises(CorpusError, match="is not a whole pickle"):
        read(content)


def test_a_file_cannot_spoil_the_next(read):
    # Sets attributes of the class it was given, which is made for this file alone.
    spoil = b"\x80\x02cm\nS\n(N}(X\x0c\x00\x00\x00__setstate__c__builtin__\nlist\nutb."
    with pytest.raises(CorpusError):
        read(spoil, {("m", "S")})
    good = b"\x80\x02cm\nS\n)\x81}X\x01\x00\x00\x00aK\x07sb."
    assert read(good, {("m", "S")}).values == {"a": 7}


def test_records_are_read_as_their_attributes(read):
    content = b"\x80\x02cm\nS\n)\x81}X\x01\x00\x00\x00aK\x07sb."
    found = read(content, {("m", "S")})
    assert isinstance(found, Record)
    assert found.values == {"a": 7}
    with pytest.raises(CorpusError, match=r"wants to load m\.S"):
        read(content)
    with pytest.raises(CorpusError, match="without named attributes"):
        read(b"\x80\x02cm\nS\n)\x81K\x07b.", {("m", "S")})


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_cut_files(read, share):
    content = pickle.dumps(DATA)
    with pytest.raises(CorpusError, match=r"file\.pkl is not a whole pickle .*get the file again"):
        read(content[: int(share * len(content))])


def test_no_file(tmp_path):
    with pytest.raises(CorpusError, match=r"no pickle at .*none\.pkl: no such file"):
        read_pickle(tmp_path / "none.pkl")
    with pytest.raises(CorpusError, match="no such file"):
        read_pickle(tmp_path)
