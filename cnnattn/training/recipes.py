"""How to train: every choice of a run in one frozen value, and the two recipes that ship."""

from dataclasses import dataclass, field

from cnnattn.data.augment import Augmentation
from cnnattn.problem import Problem

OPTIMISERS = ("sgd", "adam")
SCHEDULES = ("one_cycle", "plateau")
DECAYED = ("all", "kernels")
BEFORE = {"decayed": "all", "dropout": None}
"""What a training did before one could choose, where that differs from today's default."""


@dataclass(frozen=True)
class TrainConfig:
    """All choices of a training run. The defaults are the ``fast`` recipe."""

    recipe: str = "fast"
    epochs: int = 30
    batch: int = 256
    optimiser: str = "adam"  # AdamW (arXiv 1711.05101), or "sgd" (Nesterov momentum 0.9)
    learning_rate: float = 5e-3  # the peak, under "one_cycle"
    weight_decay: float = 0.05
    # "all" parameters, or only the "kernels" of convolutions and linear layers outside attention:
    # decay draws an attention module's small layers to 0, and then every sigmoid says one half.
    decayed: str = "kernels"
    schedule: str = "one_cycle"  # or "plateau": halved when the test loss has not fallen 3 epochs
    label_smoothing: float = 0.1
    dropout: float | None = 0.3  # of every nn.Dropout; None keeps the network's own
    averaging: float = 0.0  # decay an iteration of the running mean of weights, 0 for none
    low_precision: bool = True  # bfloat16 autocast where the processor computes in it
    compile: bool = False  # torch.compile; needs a C++ compiler on the CPU
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that no training could use, with a Problem."""
        if self.optimiser not in OPTIMISERS:
            raise Problem(
                "There is no optimiser called “{name}”; the known ones are {known}.",
                name=self.optimiser,
                known=", ".join(OPTIMISERS),
            )
        if self.schedule not in SCHEDULES:
            raise Problem(
                "There is no schedule called “{name}”; the known ones are {known}.",
                name=self.schedule,
                known=", ".join(SCHEDULES),
            )
        if self.decayed not in DECAYED:
            raise Problem(
                "Weight decay cannot act on “{name}”; the known choices are {known}.",
                name=self.decayed,
                known=", ".join(DECAYED),
            )
        if not (self.epochs > 0 and self.batch > 0 and self.learning_rate > 0):
            raise Problem(
                "Epochs, batch and learning rate must be above 0, but they are {epochs}, {batch} "
                "and {rate}; set others.",
                epochs=self.epochs,
                batch=self.batch,
                rate=self.learning_rate,
            )

    @classmethod
    def from_json(cls, values: dict) -> "TrainConfig":
        """What ``dataclasses.asdict`` and JSON made of a TrainConfig, back again."""
        how = dict(values["augmentation"])
        how["jitter"] = tuple(how["jitter"])
        return cls(**{**BEFORE, **values, "augmentation": Augmentation(**how)})


RECIPES: dict[str, TrainConfig] = {
    "fast": TrainConfig(),
    "tutorial": TrainConfig(
        recipe="tutorial",
        dropout=None,
        epochs=50,
        batch=64,
        optimiser="adam",
        learning_rate=1e-3,
        weight_decay=0,
        decayed="all",
        schedule="plateau",
        label_smoothing=0,
        low_precision=False,
        augmentation=Augmentation(crop_fill="black", jitter=(0.2, 0.2, 0.2, 0.1), rotation=15),
    ),
}
