"""CMU-MOSEI and CMU-MOSI: opinions in web videos, sentiment and emotions.

A. Zadeh et al., "Multimodal language analysis in the wild: CMU-MOSEI dataset and
interpretable dynamic fusion graph", ACL 2018, and "MOSI", IEEE Intelligent
Systems 2016. One person speaks in each video; its sentences are rated from -3
to 3 in sentiment and, in MOSEI, from 0 to 3 in six emotions.

The videos themselves are not given away; work on these corpora starts from
features, in one of three forms, each read by a file of its own:

* computational sequences of the CMU Multimodal SDK (`mosei_csd`), with times,
  words, sentiment and emotions;
* `aligned_50.pkl` and `unaligned_50.pkl` of MMSA (`mmsa_pickle`), with
  sentiment;
* the pickles of COGMEN and CORECT (`mosei_pickles`; MOSEI only), with the
  labels that their file names say.
"""

from pathlib import Path

from emospot.corpora.corpus import Corpus
from emospot.corpora.csd import SUFFIX
from emospot.corpora.mmsa_pickle import is_mmsa, mmsa_corpus
from emospot.corpora.mosei_csd import WORD, csd_corpus
from emospot.corpora.mosei_pickles import CLASSES, mosei_corpus
from emospot.corpora.safe_pickle import read_pickle
from emospot.errors import CorpusError

MOSEI = "mosei"
MOSI = "mosi"
PICKLES = (".pkl", ".pickle", ".p")


def read_mosei(source: Path, splits: Path | None = None, tokens: str = WORD) -> Corpus:
    """Read CMU-MOSEI.

    Args:
        source: a folder of .csd files, one of these files, or a pickle.
        splits: for .csd files: the file of the splits; None looks for one
            beside them. Pickles bring their own.
        tokens: for .csd files: "word" averages voice and face over words,
            "frame" keeps their frames.

    Returns:
        Targets "sentiment" and, from .csd files and some pickles, "happiness",
        "sadness", "anger", "surprise", "disgust" and "fear"; single labels only
        where the pickle has classes.

    Raises:
        MissingExtraError: if .csd files are to be read without h5py.
        CorpusError: if the source is missing or not as published.
    """
    return _read(source, MOSEI, splits, tokens)


def read_mosi(source: Path, splits: Path | None = None, tokens: str = WORD) -> Corpus:
    """Read CMU-MOSI.

    Args:
        source: as in `read_mosei`; of the pickles, those of MMSA.
        splits: as in `read_mosei`.
        tokens: as in `read_mosei`.

    Returns:
        The target "sentiment".

    Raises:
        MissingExtraError: as `read_mosei`.
        CorpusError: as `read_mosei`.
    """
    return _read(source, MOSI, splits, tokens)


def _read(source: Path, name: str, splits: Path | None, tokens: str) -> Corpus:
    if source.is_dir():
        if next(source.rglob(f"*{SUFFIX}"), None) is None:
            pickles = sorted(one.name for one in source.rglob("*") if one.suffix in PICKLES)
            advice = f"name one of {', '.join(pickles)}" if pickles else "name another folder"
            raise CorpusError(f"{source} holds no {SUFFIX} file; {advice}")
        return csd_corpus(source, name, splits, tokens)
    if source.suffix == SUFFIX and source.is_file():
        return csd_corpus(source.parent, name, splits, tokens)
    if source.suffix not in PICKLES or not source.is_file():
        found = "is of another kind" if source.exists() else "no such file or folder"
        raise CorpusError(
            f"{source}: {found}; expected a folder of {SUFFIX} files or a pickle "
            f"({', '.join(PICKLES)})"
        )
    if splits is not None:
        raise CorpusError(f"{source} brings its own splits; {splits} is for {SUFFIX} files")
    content = read_pickle(source, CLASSES)
    if is_mmsa(content):
        return mmsa_corpus(source, content, name)
    if name == MOSI:
        raise CorpusError(f"{source} is no MMSA pickle, the only kind there is of CMU-MOSI")
    return mosei_corpus(source, content, name)
