"""The part of a recognizer that each modality has to itself."""

from torch import nn

from emospot.model.encoder import ContextEncoder, RecurrentContext, TokenEncoder
from emospot.model.hotspot_gated_fusion import GlobalFusion, HotspotGatedFusion
from emospot.model.inputs import InputNormalisation, MeanPath
from emospot.model.spotters import Spotter


class ModalityStem(nn.Module):
    """What each modality has to itself before modalities meet."""

    def __init__(
        self,
        normalisation: InputNormalisation,
        fusion: HotspotGatedFusion | GlobalFusion,
        tokens: TokenEncoder,
        context: ContextEncoder | RecurrentContext | None,
        token_context: nn.Linear | None,
        timing: nn.Linear | None,
        mean_path: MeanPath | None,
        spotter: Spotter | None,
    ) -> None:
        super().__init__()
        self.normalisation = normalisation
        self.spotter = spotter
        self.mean_path = mean_path
        self.fusion = fusion
        self.tokens = tokens
        self.context = context
        self.token_context = token_context
        self.timing = timing
