"""From a baseline's configuration to the baseline.

Sizes that the configuration leaves open are the published ones, which stand in
each baseline's own file.
"""

from collections.abc import Callable, Mapping

from torch import nn

from emospot.config import BaselineConfig, BaselineKind
from emospot.model.baselines.utterance_model import UtteranceModel
from emospot.model.kernel_reader import kernel_readers
from emospot.model.timing import TIMING_WIDTH


def build_baseline(
    config: BaselineConfig, dims: Mapping[str, int], heads: Mapping[str, int]
) -> UtteranceModel:
    """Wire a baseline.

    Args:
        config: which, and the sizes that differ from the published ones.
        dims: modality → numbers a token, in the order of the batch.
        heads: head → number of its outputs.

    Raises:
        ConfigError: if sizes do not fit each other.
    """
    more = TIMING_WIDTH if config.timing else 0
    return UtteranceModel(
        build_network(config, {m: dim + more for m, dim in dims.items()}),
        dims,
        heads,
        attention=config.pooling == "attention",
        input_dropout=config.input_dropout,
        timing=config.timing,
        readers=kernel_readers(config, dims, heads),
    )


def build_network(config: BaselineConfig, dims: Mapping[str, int]) -> nn.Module:
    """The baseline proper, over utterance vectors."""
    width, layers, dropout = config.width, config.layers, config.dropout
    if config.kind == "majority":
        from emospot.model.baselines.majority import Majority

        return Majority()
    if config.kind == "logistic_regression":
        from emospot.model.baselines.logistic_regression import ContextWindow

        return ContextWindow(dims, past=config.past, future=config.future)
    if config.kind == "mlp":
        from emospot.model.baselines.utterance_mlp import UtteranceMLP

        return UtteranceMLP(dims, width=width, layers=layers, dropout=dropout)
    if config.kind == "contextual_gru":
        from emospot.model.baselines.contextual_gru import ContextualGRU

        return ContextualGRU(
            dims, width=width, layers=layers, dropout=dropout, speaker_path=config.speaker_path
        )
    if config.kind == "dialogue_rnn":
        from emospot.model.baselines.dialogue_rnn import DialogueRNN

        return DialogueRNN(dims, width=width, dropout=dropout)
    if config.kind == "cross_modal_transformer":
        from emospot.model.baselines.cross_modal_transformer import CrossModalTransformer

        return CrossModalTransformer(
            dims, width=width, layers=layers, heads=config.heads, dropout=dropout
        )
    return _graph_network(config, dims)


def _graph_network(config: BaselineConfig, dims: Mapping[str, int]) -> nn.Module:
    network: nn.Module = _graph_class(config.kind)(
        dims,
        width=config.width,
        layers=config.layers,
        heads=config.heads,
        dropout=config.dropout,
        past=config.past,
        future=config.future,
        masked=config.padding == "masked",
    )
    return network


def _graph_class(kind: BaselineKind) -> Callable[..., nn.Module]:
    if kind == "mmgcn":
        from emospot.model.baselines.mmgcn import MMGCN

        return MMGCN
    if kind == "cogmen":
        from emospot.model.baselines.cogmen import COGMEN

        return COGMEN
    from emospot.model.baselines.corect import CORECT

    return CORECT
