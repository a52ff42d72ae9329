"""What the heat map methods and their measures are called, and what each method does."""

from cnnattn.web.shell.text import _


def method_names() -> dict[str, str]:
    """What the methods and the controls are called."""
    return {
        "grad_cam": "Grad-CAM",
        "grad_cam_pp": "Grad-CAM++",
        "hires_cam": "HiResCAM",
        "layer_cam": "LayerCAM",
        "xgrad_cam": "XGrad-CAM",
        "eigen_cam": "Eigen-CAM",
        "score_cam": "Score-CAM",
        "ablation_cam": "Ablation-CAM",
        "saliency": _("Saliency"),
        "integrated_gradients": _("Integrated gradients"),
        "occlusion": _("Occlusion"),
        "attention": _("The attention's own weight"),
        "top_channels": _("Strongest 3 channels"),
        "random": _("Random map"),
        "centre": _("Centred blob"),
    }


def methods_explained() -> str:
    """Each method in a sentence, with its formula and its source, as Markdown."""
    lines = [
        ("grad_cam", "1610.02391", "Σ mean(∂y/∂A) · A",
         _("Each channel counts as much as the score rises with it on average.")),
        ("grad_cam_pp", "1710.11063", "Σ (Σ α · relu(∂y/∂A)) · A",
         _("As Grad-CAM, but only places where the score rises count, and those of small objects "
           "more.")),
        ("hires_cam", "2011.08891", "Σ ∂y/∂A · A",
         _("Gradient times activation at every place, without averaging: the map shows where the "
           "score comes from.")),
        ("layer_cam", "10.1109/TIP.2021.3089943", "Σ relu(∂y/∂A) · A",
         _("As HiResCAM with positive gradients only; made for early layers as well.")),
        ("xgrad_cam", "2008.02312", "Σ (Σ ∂y/∂A · A / Σ A) · A",
         _("As Grad-CAM, but a place counts for a channel's weight as much as it is active.")),
        ("eigen_cam", "2008.00299", "A · v",
         _("What most channels have in common. It asks for no class.")),
        ("score_cam", "1910.01279", "Σ softmax(y(x · mask)) · A",
         _("Each channel is laid over the picture as a mask; it counts as much as the network then "
           "still sees the class. No gradients.")),
        ("ablation_cam", "10.1109/WACV45572.2020.9093360", "Σ (y − y₀) · A",
         _("Each channel counts as much as the score falls when it is switched off.")),
        ("saliency", "1312.6034", "max |∂y/∂x|",
         _("How strongly each pixel moves the score, whichever way.")),
        ("integrated_gradients", "1703.01365", "x · ∫ ∂y/∂x",
         _("Gradients on the way from a plain picture to this one. They add up to the score's "
           "rise: nothing is lost, nothing invented.")),
        ("occlusion", "1311.2901", "y(x) − y(x₀)",
         _("How far the score falls when a square of the picture is covered.")),
        ("attention", "", "",
         _("Not an explanation of the answer but a part of the network: the weight that its "
           "spatial attention gives to each place.")),
        ("top_channels", "", "",
         _("The mean of the three channels with the largest mean, as tutorials draw it. It asks "
           "for no class.")),
    ]  # fmt: skip
    names = method_names()
    return "\n".join(
        _item(names[method], source, text) + (f" `{formula}`" if formula else "")
        for method, source, formula, text in lines
    )


def _item(name: str, source: str, text: str) -> str:
    """A line of a list: what is named, the address of its paper if there is one, the words."""
    place = "doi.org" if source.startswith("10.") else "arxiv.org/abs"
    link = f" ([{source}](https://{place}/{source}))" if source else ""
    return "- " + _("{name}: {text}", name=f"**{name}**{link}", text=text)


def measures_explained() -> str:
    """What the numbers beside a map mean, with their sources, as Markdown."""
    rise = "1806.07421"
    lines = [
        (_("Deletion"), rise,
         _("the highest places of the map are replaced by the mean colour, step by step; the "
           "number is the mean confidence on the way. Low is good.")),
        (_("Insertion"), rise,
         _("the highest places come back first into a blurred picture; the number is the mean "
           "confidence on the way. High is good.")),
        (_("Drop"), "1710.11063",
         _("by what part the confidence falls when the picture is dimmed wherever the map is low. "
           "Low is good.")),
        (_("On the object"), "",
         _("the share of the map's positive part that lies on the object; known for the samples.")),
        (_("Points at it"), "1608.00507",
         _("whether the highest place of the map is on the object.")),
    ]  # fmt: skip
    return "\n".join(_item(*line) for line in lines)


def measure_names() -> dict[str, str]:
    """What is measured, with the direction that is good."""
    return {
        "deletion": _("Deletion (low is good)"),
        "insertion": _("Insertion (high is good)"),
        "drop": _("Drop in confidence (low is good)"),
        "increase": _("Confidence rises (often is good)"),
        "mass": _("On the object (high is good)"),
        "pointing": _("Points at the object (often is good)"),
    }
