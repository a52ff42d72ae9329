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
        "attention": _("Attention weights"),
        "top_channels": _("Strongest 3 channels"),
        "random": _("Random baseline"),
        "centre": _("Centre-bias baseline"),
    }


def methods_explained() -> str:
    """Each method in a sentence, with its formula and its source, as Markdown."""
    lines = [
        ("grad_cam", "1610.02391", "Σ mean(∂y/∂A) · A",
         _("Each channel is weighted by its mean gradient: how much the score rises with it.")),
        ("grad_cam_pp", "1710.11063", "Σ (Σ α · relu(∂y/∂A)) · A",
         _("Like Grad-CAM, but only positive gradients count, weighted so that small objects are "
           "not lost.")),
        ("hires_cam", "2011.08891", "Σ ∂y/∂A · A",
         _("Gradient times activation at every position, without averaging: the map shows where "
           "the score comes from.")),
        ("layer_cam", "10.1109/TIP.2021.3089943", "Σ relu(∂y/∂A) · A",
         _("Like HiResCAM with positive gradients only; works in early layers, too.")),
        ("xgrad_cam", "2008.02312", "Σ (Σ ∂y/∂A · A / Σ A) · A",
         _("Like Grad-CAM, but each position's gradient is weighted by its activation.")),
        ("eigen_cam", "2008.00299", "A · v",
         _("The first principal component of the activations. Class-agnostic.")),
        ("score_cam", "1910.01279", "Σ softmax(y(x · mask)) · A",
         _("Each channel masks the image; its weight is the score that the masked image still "
           "gets. No gradients.")),
        ("ablation_cam", "10.1109/WACV45572.2020.9093360", "Σ (y − y₀) · A",
         _("Each channel is weighted by the drop in the score when it is set to zero.")),
        ("saliency", "1312.6034", "max |∂y/∂x|",
         _("The absolute gradient per pixel: how strongly it changes the score.")),
        ("integrated_gradients", "1703.01365", "x · ∫ ∂y/∂x",
         _("Gradients summed on the path from a uniform image to this one. They add up to the "
           "difference in the score (completeness).")),
        ("occlusion", "1311.2901", "y(x) − y(x₀)",
         _("The drop in the score when a square of the image is covered.")),
        ("attention", "", "",
         _("Not an explanation of the prediction but a part of the network: the weight that its "
           "spatial attention gives to each position.")),
        ("top_channels", "", "",
         _("The mean of the three channels with the largest mean, as tutorials draw it. "
           "Class-agnostic.")),
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
         _("the pixels that the map ranks highest are replaced by the mean colour, step by step; "
           "the number is the mean confidence on the way. Lower is better.")),
        (_("Insertion"), rise,
         _("the pixels that the map ranks highest are restored first in a blurred image; the "
           "number is the mean confidence on the way. Higher is better.")),
        (_("Drop"), "1710.11063",
         _("the relative drop in confidence when the image is darkened where the map is low. "
           "Lower is better.")),
        (_("Energy inside the object"), "",
         _("the share of the positive part of the map that lies on the object; known for the "
           "samples.")),
        (_("Pointing game"), "1608.00507",
         _("whether the maximum of the map lies on the object.")),
    ]  # fmt: skip
    return "\n".join(_item(*line) for line in lines)


def measure_names() -> dict[str, str]:
    """What is measured, with the direction that is good."""
    return {
        "deletion": _("Deletion (lower is better)"),
        "insertion": _("Insertion (higher is better)"),
        "drop": _("Drop in confidence (lower is better)"),
        "increase": _("Increase in confidence (higher is better)"),
        "mass": _("Energy inside the object (higher is better)"),
        "pointing": _("Pointing game hits (higher is better)"),
    }
