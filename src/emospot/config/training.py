"""The section that describes a training."""

from typing import Literal, Self

from pydantic import Field, model_validator

from emospot.config.model import Section


class TrainingConfig(Section):
    """How a model is trained; what is not chosen on dev data stands here.

    The first of `tasks` is the main one: the epoch is chosen by its score on
    dev. The others are learned beside it, with `auxiliary_weight`. With
    `choose: last` nothing is chosen: all epochs are run and the last is taken.
    With `dev: none` nothing is held out either, and the model is not calibrated.

    With `each_once` the epochs share the training conversations, so that none is learned
    from twice: as if fresh ones were drawn in every epoch. All epochs are run then, each
    with as many; the few that are over are left out.

    `marks_weight` is how much learned hotspots are taught those of the store: marked
    moments, or what a detector has found.

    Some keys are there for recipes of others: `schedule: plateau` divides the
    rate by ten when the loss on dev has not fallen for ten epochs, `adam` adds
    the weight decay to the gradient, `gradient_clip: null` never clips, and
    without `standardise` features are read as they are.
    """

    tasks: tuple[str, ...] = ("emotion",)
    auxiliary_weight: float = Field(0.3, ge=0.0)
    number_loss: Literal["smooth_l1", "l1"] = "smooth_l1"
    epochs: int = Field(20, ge=1)
    each_once: bool = False
    choose: Literal["dev", "last"] = "dev"
    patience: int = Field(8, ge=1)
    batch_size: int = Field(8, ge=1)
    learning_rate: float = Field(1e-3, gt=0.0)
    weight_decay: float = Field(1e-2, ge=0.0)
    warmup_epochs: int = Field(2, ge=0)
    schedule: Literal["cosine", "constant", "plateau"] = "cosine"
    optimizer: Literal["adamw", "adam"] = "adamw"
    gradient_clip: float | None = Field(1.0, gt=0.0)
    standardise: bool = True
    label_smoothing: float = Field(0.1, ge=0.0, lt=1.0)
    class_weights: bool = False
    balance_weight: float = Field(0.01, ge=0.0)
    router_z_weight: float = Field(0.0, ge=0.0)
    marks_weight: float = Field(0.0, ge=0.0)
    modality_dropout: float = Field(0.1, ge=0.0, lt=1.0)
    average_decay: float = Field(0.98, ge=0.0, lt=1.0)
    dev: Literal["stratified", "first", "none"] = "stratified"
    dev_fraction: float = Field(0.1, gt=0.0, lt=0.5)
    dev_seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _tasks_differ(self) -> Self:
        if not self.tasks or len(set(self.tasks)) != len(self.tasks):
            raise ValueError(f"tasks must be distinct and at least one, found {self.tasks}")
        return self

    @model_validator(mode="after")
    def _chooses_on_something(self) -> Self:
        if self.dev == "none" and self.choose == "dev":
            raise ValueError(
                "without dev conversations no epoch can be chosen: set choose to last"
            )
        if self.dev == "none" and self.schedule == "plateau":
            raise ValueError("schedule plateau needs dev conversations, found dev none")
        return self

    @model_validator(mode="after")
    def _shares_among_all_epochs(self) -> Self:
        if self.each_once and self.choose != "last":
            raise ValueError("with each_once every epoch is run: set choose to last")
        return self

    @model_validator(mode="after")
    def _warms_up_by_step(self) -> Self:
        if self.schedule == "plateau" and self.warmup_epochs:
            raise ValueError(
                f"schedule plateau has no warm-up, found warmup_epochs {self.warmup_epochs}: "
                "set it to 0"
            )
        return self
