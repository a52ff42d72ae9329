"""Every word of the page Live, in one language."""

from collections.abc import Callable

from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import attention_name

Translate = Callable[[str], str]
"""Message id in English -> the message in a language."""


def page_words(_: Translate) -> dict[str, str]:
    """What the page's JavaScript shows, by its keys; ``{named}`` places are filled there."""
    return {
        "all": _("All"),
        "all_one": _("All 1"),
        "affinity_of": _("{model}, stage {stage}: attention weights of one position"),
        "and": _(", "),
        "brightness": _("Brightness"),
        "brush_colour": _("Brush colour"),
        "cam_grad_cam": "Grad-CAM",
        "cam_grad_cam_pp": "Grad-CAM++",
        "cam_hires_cam": "HiResCAM",
        "cam_layer_cam": "LayerCAM",
        "cam_xgrad_cam": "XGrad-CAM",
        "camera": _("Use the camera"),
        "camera_needs": _(
            "The camera works only on a page opened with https or on this computer (localhost)."
        ),
        "camera_note": _(
            "Camera images are unlike CIFAR-10, and each prediction is forced into its ten classes."
        ),
        "camera_refused": _(
            "The camera did not start: allow it in the browser, or close what else uses it."
        ),
        "channel": _("Channel {channel}"),
        "comma": _(", "),
        "detail": _("Channel {channel}: weight {weight}, mean activation {mean}{share}"),
        "did_brightness": _("brightness changed"),
        "did_brush": _("painted over"),
        "did_gate": _("one gate changed in stage {stage}"),
        "did_gates": _("{count} gates changed in stage {stage}"),
        "did_noise": _("noise added"),
        "did_off": _("without channels {channels} of stage {stage}"),
        "did_off_one": _("without channel {channels} of stage {stage}"),
        "did_off_many": _("without {count} channels of stage {stage}"),
        "did_patch": _("partly covered"),
        "did_places": _("positions changed in stage {stage}"),
        "did_shift": _("shifted"),
        "explain": _("Show the heat map of this class"),
        "factors": _("Factor per channel"),
        "factors_of": _("{model}, stage {stage}: factor per channel"),
        "flip": _("Other camera"),
        "gates": _("Gate weights"),
        "gates_of": _("{model}, stage {stage}: gate weight per channel"),
        "grid_of": _("{model}, stage {stage}: feature maps of all channels"),
        "heat_map": _("Heat map"),
        "heat_map_of": _("{model}: heat map over the image"),
        "hint": _(
            "Sliders of the channels: drag up and down; sweep sideways to move several; Shift "
            "moves all; a double click resets one. Keyboard: up and down move a slider, left and "
            "right change the channel. Touch screen: tap the sliders once, then drag. Hover over a "
            "channel to mark its number in every model; click a class to see its heat map."
        ),
        "kernel": _("Kernel:"),
        "kernel_of": _("{model}, stage {stage}: kernel of the channel; grey is 0"),
        "noise": _("Noise"),
        "nothing_changed": _(
            "Drag over the image to cover part of it, or drag the slider of a channel: the "
            "predictions follow at once."
        ),
        "own_gates": _("Reset"),
        "paint_places": _("Drag to set positions to 0, with Shift to 1; a double click resets"),
        "picture": _(
            "Network input, 32×32. Drag to use the tool; the arrow keys move the grey patch."
        ),
        "places_of": _("{model}, stage {stage}: weight per position"),
        "point_places": _("Hover over a position to see which positions it attends to"),
        "reset": _("Reset"),
        "right": _("correct"),
        "samples": _("Sample pictures"),
        "share": _(", {share} of the heat map"),
        "shuffle": _("Shuffle"),
        "size": _("Size"),
        "two_sentences": _("{first} {second}"),
        "one_scale": _("One colour scale for all models"),
        "stage": _("Stage"),
        "stage_number": _("Stage {stage}"),
        "story_flips": _("{model}, {changes}: {class} {before} → {after}, now {other} {share}."),
        "story_stays": _("{model}, {changes}: {class} {before} → {after}."),
        "take_along": _("Take this along to:"),
        "tool_brush": _("Brush"),
        "tool_eraser": _("Eraser"),
        "tool_patch": _("Patch"),
        "tool_shift": _("Shift"),
        "tools": _("Tools"),
        "undo": _("Undo"),
        "verdict": _("{mark} {word}: {class} {share}"),
        "wrong": _("wrong"),
    }


def model_title(arch: str, attention: str, _: Translate) -> str:
    """What a network is called: "CNN · no attention"."""
    return f"{ARCHITECTURES[arch].title} · {_(attention_name(attention))}"


def file_words(_: Translate) -> dict[str, str]:
    """What stands around the page in a file to take home."""
    return {
        "title": _("Live"),
        "purpose": _(
            "Cover, paint or shift the image, or move a gate: the networks run in this page, and "
            "their predictions follow at once."
        ),
        "made_with": _(
            "This file needs no network and no server. Made with the CNN Attention Lab."
        ),
    }
