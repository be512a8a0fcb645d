"""The one place where the configuration becomes modules."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import nn

from emospot.config import AnyModelConfig, ModelConfig
from emospot.conversation import WORDS
from emospot.errors import ConfigError, ModelError
from emospot.model.conversation_graph import ConversationGraph, MovingAverage
from emospot.model.cross_modal_memory import (
    CrossModalMemory,
    PairAlignment,
    RigidAlignment,
    pair_name,
)
from emospot.model.dropout import Dropout
from emospot.model.emotion_dynamics import EmotionDynamics
from emospot.model.emotion_model import EmotionModel
from emospot.model.encoder import (
    TOKEN_LAGS,
    TURN_LAGS,
    ContextEncoder,
    RecurrentContext,
    TokenEncoder,
)
from emospot.model.hotspot_gated_fusion import GlobalFusion, HotspotGatedFusion
from emospot.model.inputs import InputNormalisation, MeanPath
from emospot.model.kernel_reader import kernel_readers
from emospot.model.lag_bias import LagScale
from emospot.model.late_fusion import LateFusion
from emospot.model.learned_hotspots import LearnedHotspots
from emospot.model.learned_moments import LearnedMoments
from emospot.model.mixture_of_aligners import MixtureOfAligners
from emospot.model.recognizer import Recognizer
from emospot.model.second_reading import SecondReading
from emospot.model.speaker_lags import SpeakerLags
from emospot.model.stem import ModalityStem
from emospot.model.timing import TIMING_WIDTH


def build_model(
    config: AnyModelConfig, dims: Mapping[str, int], heads: Mapping[str, int]
) -> EmotionModel:
    """Make the model that a configuration describes, of any kind.

    Args:
        config: `ModelConfig` for emospot's own, `BaselineConfig` for a published one.
        dims: modality → numbers a token; must name every modality of `config`.
        heads: head → number of its outputs, e.g. {"emotion": 6}.

    Raises:
        ModelError: if a modality of the configuration has no features.
        ConfigError: if sizes do not fit each other.
    """
    if isinstance(config, ModelConfig):
        return build_recognizer(config, dims, heads)
    from emospot.model.baselines.build import build_baseline

    return build_baseline(config, _dims_read(config, dims), heads)


def _dims_read(config: AnyModelConfig, dims: Mapping[str, int]) -> dict[str, int]:
    """The dims of the modalities that a configuration reads, in its order."""
    missing = [m for m in config.modalities if m not in dims]
    if missing:
        raise ModelError(
            f'the model reads "{missing[0]}", but the features have only '
            f"{', '.join(dims) or 'nothing'}: import that modality, or set model.modalities"
        )
    return {m: dims[m] for m in config.modalities}


def build_recognizer(
    config: ModelConfig, dims: Mapping[str, int], heads: Mapping[str, int]
) -> Recognizer:
    """Wire a recognizer.

    Args:
        config: sizes and switches.
        dims: modality → numbers a token; must name every modality of `config`.
        heads: head → number of its outputs, e.g. {"emotion": 6}.

    Raises:
        ModelError: if a modality of the configuration has no features.
        ConfigError: if hotspots are to be learned without classes.
    """
    dims = _dims_read(config, dims)
    on_tokens = config.alignment_axis in ("tokens", "both")
    on_utterances = config.alignment_axis in ("utterances", "both")
    return Recognizer(
        {m: _stem(config, m, dims[m], heads, token_context=on_tokens) for m in config.modalities},
        token_memory=_memory(config, _token_lags(config), spread=config.lag_start, causal=False)
        if on_tokens
        else None,
        utterance_memory=_memory(config, TURN_LAGS, spread=0.0, causal=config.causal)
        if on_utterances
        else None,
        graph=_graph(config) if config.graph else None,
        graph_reads_memory=config.graph_reads == "memory",
        second_reading=_second_reading(config, heads) if config.second_reading else None,
        heads={name: _joint_head(config, outputs) for name, outputs in heads.items()},
        own_heads={
            name: {m: _head(config.width, config, outputs) for m in config.modalities}
            for name, outputs in heads.items()
        }
        if config.own_heads
        else {},
        prior={name: torch.zeros(outputs) for name, outputs in heads.items()},
        readers=kernel_readers(config, dims, heads),
        dynamics={
            name: EmotionDynamics(outputs, config.dynamics, causal=config.causal)
            for name, outputs in heads.items()
            if config.dynamics and outputs > 1
        },
        width=config.width,
        causal=config.causal,
    )


def _stem(
    config: ModelConfig,
    modality: str,
    dim: int,
    outputs: Mapping[str, int],
    *,
    token_context: bool,
) -> ModalityStem:
    width, heads, dropout = config.width, config.heads, config.dropout
    context: ContextEncoder | RecurrentContext | None = None
    if config.context == "attention":
        context = ContextEncoder(width, heads, config.context_layers, dropout)
    elif config.context == "recurrent":
        context = RecurrentContext(width, config.context_layers, dropout, causal=config.causal)
    return ModalityStem(
        InputNormalisation(dim, config.input_dropout),
        HotspotGatedFusion(dim, width, scalar_gate=config.gate == "scalar")
        if config.fusion == "hotspot_gated"
        else GlobalFusion(dim, width),
        TokenEncoder(
            width,
            heads,
            config.token_layers,
            dropout,
            lags=_token_lags(config),
            windows=config.lag_start > 0,
            reach=config.token_reach,
            convolution=config.encoder == "convolution",
            mean=config.summary == "mean",
        ),
        context,
        nn.Linear(width, width) if token_context and context is not None else None,
        nn.Linear(TIMING_WIDTH, width) if config.timing else None,
        MeanPath(dim, width, config.input_dropout) if config.mean_path else None,
        _spotter(config, modality, dim, outputs) if modality in config.learned_hotspots else None,
    )


def _spotter(
    config: ModelConfig, modality: str, dim: int, outputs: Mapping[str, int]
) -> LearnedHotspots | LearnedMoments:
    width, share, dropout = config.width // 2, config.hotspot_share, config.dropout
    gated = config.hotspot_rule == "gate"
    if gated or (modality == WORDS and config.hotspot_rule == "by_modality"):
        return LearnedHotspots(dim, width, outputs, share=share, dropout=dropout)
    classes = {name: count for name, count in outputs.items() if count > 1}
    if not classes:
        raise ConfigError(
            f"the hotspots of {modality} are learned from classes, but the tasks have none: take "
            f"{modality} out of model.learned_hotspots, or learn an emotion besides"
        )
    return LearnedMoments(
        dim, width, classes, share=share, dropout=dropout, compared=not config.causal
    )


def _token_lags(config: ModelConfig) -> LagScale:
    return replace(TOKEN_LAGS, spacing=config.lag_spacing)


def _memory(
    config: ModelConfig, lags: LagScale, *, spread: float, causal: bool
) -> CrossModalMemory:
    pairs = {
        pair_name(k, j): _alignment(config, lags, spread)
        for k in config.modalities
        for j in config.modalities
        if j != k and config.aligners != "none"
    }
    return CrossModalMemory(
        pairs,
        config.modalities,
        width=config.width,
        heads=config.heads,
        layers=config.memory_layers,
        dropout=config.dropout,
        lags=lags,
        causal=causal,
        momentary=config.memory_reads == "moment",
        pool=None if config.second_reading else config.summary,
    )


def _alignment(
    config: ModelConfig, lags: LagScale, spread: float
) -> PairAlignment | RigidAlignment:
    if config.aligners == "rigid":
        return RigidAlignment(config.width)
    aligners = _aligners(config, lags, spread)
    return PairAlignment(config.width, config.heads, config.dropout, aligners, lags)


def _aligners(config: ModelConfig, lags: LagScale, spread: float) -> MixtureOfAligners | None:
    if config.aligners != "mixture":
        return None
    return MixtureOfAligners(
        config.width,
        experts=config.experts,
        top_k=config.top_k,
        rank=config.expert_rank,
        heads=config.heads,
        lags=lags,
        spread=spread,
        noise=config.router_noise,
        uniform=config.routing == "uniform",
    )


def _second_reading(config: ModelConfig, heads: Mapping[str, int]) -> SecondReading:
    parts = len(config.modalities) if config.aligners != "none" else 1
    classes = next(iter(heads.values()))
    lags = None
    if config.speaker_lags and len(config.modalities) > 1:
        lags = SpeakerLags(config.modalities, config.width, config.lag_start, causal=config.causal)
    return SecondReading(
        config.modalities, config.width, parts, classes, config.reading_ways, lags
    )


def _graph(config: ModelConfig) -> ConversationGraph | MovingAverage:
    if config.graph_form == "moving_average":
        future = 0 if config.causal else config.graph_future
        return MovingAverage(config.width, config.graph_past, future)
    return ConversationGraph(
        config.width,
        len(config.modalities),
        heads=config.graph_heads,
        dropout=config.dropout,
        past=config.graph_past,
        future=0 if config.causal else config.graph_future,
        cross_modal=config.cross_modal_edges,
        temporal=config.temporal_edges,
        speaker_typed=config.speaker_typed_edges,
        placed=config.graph_places,
    )


def _joint_head(config: ModelConfig, outputs: int) -> nn.Module:
    modalities, parts = len(config.modalities), 2 if config.graph else 1
    if config.fusion_of_modalities == "late":
        own = parts * config.width
        return LateFusion([_head(own, config, outputs) for _ in config.modalities], parts)
    return _head(modalities * parts * config.width, config, outputs)


def _head(joined: int, config: ModelConfig, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(joined),
        Dropout(config.dropout),
        nn.Linear(joined, config.width),
        nn.GELU(),
        Dropout(config.dropout),
        nn.Linear(config.width, outputs),
    )
