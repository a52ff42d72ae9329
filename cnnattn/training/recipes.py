"""How to train: every choice of a run in one frozen value, and the two recipes that ship."""

from dataclasses import dataclass, field

from cnnattn.data.augment import Augmentation


@dataclass(frozen=True)
class TrainConfig:
    """All choices of a training run. The defaults are the ``fast`` recipe."""

    recipe: str = "fast"
    epochs: int = 30
    batch: int = 256
    optimiser: str = "sgd"  # "sgd" (Nesterov momentum 0.9) or "adam"
    learning_rate: float = 0.1  # the peak, under "one_cycle"
    weight_decay: float = 5e-4
    schedule: str = "one_cycle"  # or "plateau": halved when the test loss has not fallen 3 epochs
    label_smoothing: float = 0.1
    dropout: float | None = None  # of every nn.Dropout; None keeps the network's own
    averaging: float = 0.0  # decay an iteration of the running mean of weights, 0 for none
    low_precision: bool = True  # bfloat16 autocast where the processor computes in it
    compile: bool = False  # torch.compile; needs a C++ compiler on the CPU
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0


RECIPES: dict[str, TrainConfig] = {
    "fast": TrainConfig(),
    "tutorial": TrainConfig(
        recipe="tutorial",
        epochs=50,
        batch=64,
        optimiser="adam",
        learning_rate=1e-3,
        weight_decay=0,
        schedule="plateau",
        label_smoothing=0,
        low_precision=False,
        augmentation=Augmentation(crop_fill="black", jitter=(0.2, 0.2, 0.2, 0.1), rotation=15),
    ),
}
