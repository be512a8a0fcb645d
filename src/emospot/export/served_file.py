"""`export_model`: a trained model as one file, for a service that has no emospot.

    model.onnx or model.pt2    the graph with its weights
    model.json                 what goes in and comes out, the labels, the card, the check

The file is written only if it answers as the model does.
"""

import copy
import hashlib
import logging
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, cast

import torch
from numpy.typing import NDArray

import emospot
from emospot.batch import Example
from emospot.errors import MissingExtraError, ModelError
from emospot.export.agreement import Agreement, agreement
from emospot.export.inputs import (
    UTTERANCES,
    ServedTensor,
    as_tensors,
    input_tensors,
    made_up,
    served_inputs,
)
from emospot.export.precision import Precision, store_weights_as
from emospot.export.served_model import ServedModel
from emospot.files import write_json, written_beside
from emospot.model.predict import Prediction, predict
from emospot.model.pretrained import PretrainedModel

Form = Literal["onnx", "torch"]
Answer = Callable[[Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]]]

FILES: Mapping[Form, str] = {"onnx": "model.onnx", "torch": "model.pt2"}
DESCRIPTION = "model.json"
FORMAT_VERSION = 1
TOLERANCE = 1e-4
"""By which the logits of an export in single precision may differ."""
OPSET = 20
_LENGTHS = (1, 2, 3, 31, 33, 70)
_DRAWN_FROM = 40


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Args:
        path: of the model's file.
        made_up: how its answers to made-up conversations of many lengths agree with the
            model's.
        real: the same of real ones, or None where there were none.
    """

    path: Path
    made_up: Agreement
    real: Agreement | None


def export_model(
    model: PretrainedModel,
    folder: Path,
    *,
    form: Form = "onnx",
    precision: Precision = "single",
    check: Sequence[Example] = (),
) -> Exported:
    """Write a model for a service, and hold it against the original.

    Args:
        model: one of emospot's own kind.
        folder: made if absent; older files there are replaced.
        form: "onnx" for ONNX Runtime, "torch" for `torch.export.load`.
        precision: of the stored weights, see `export.precision`.
        check: real conversations to answer with both.

    Raises:
        ModelError: if the model is of another kind, or the export answers otherwise; older
            files are then left as they were.
        MissingExtraError: if the format's packages are missing.
    """
    if form == "onnx":
        _require("onnx", "onnxruntime", "onnxscript")
    own = replace(model, recognizer=copy.deepcopy(model.recognizer))
    served = ServedModel(own)
    letters = served.reader is not None
    store_weights_as(served, precision)
    tensors = input_tensors(model, letters=letters)
    drawn = as_tensors(served_inputs(model, made_up(model, _DRAWN_FROM), letters=letters))
    path = folder / FILES[form]
    with written_beside(path, "the exported model", error=ModelError) as draft:
        program = _program(served, drawn, tensors)
        names = list(served(drawn))
        if form == "onnx":
            _write_onnx(program, drawn, tensors, names, draft)
        else:
            with draft.open("wb") as file:
                torch.export.save(program, file)
        answer = open_exported(draft, form)
        invented = [made_up(model, count, seed=count) for count in _LENGTHS]
        held = _held(model, answer, invented, letters)
        if not held.logits <= (TOLERANCE if precision == "single" else math.inf):  # or NaN
            raise ModelError(
                f"the export of {model.card.name} answers otherwise than the model: logits differ "
                f"by {held.logits:.2g}, expected at most {TOLERANCE}; nothing was written"
            )
        real = _held(model, answer, check, letters) if check else None
        digest = hashlib.sha256(draft.read_bytes()).hexdigest()
    exported = Exported(path, held, real)
    description = _description(model, exported, tensors, names, form, precision)
    write_json(folder / DESCRIPTION, {**description, "sha256": digest})
    return exported


def open_exported(path: Path, form: Form) -> Answer:
    """An exported file as a function from inputs by name to outputs by name.

    Raises:
        MissingExtraError: if the format's packages are missing.
    """
    if form == "onnx":
        _require("onnxruntime")
        import onnxruntime

        session = onnxruntime.InferenceSession(
            path.read_bytes(), providers=["CPUExecutionProvider"]
        )
        outputs = [one.name for one in session.get_outputs()]
        asked = {one.name for one in session.get_inputs()}

        def run(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
            given = {name: values for name, values in inputs.items() if name in asked}
            return dict(zip(outputs, session.run(outputs, given), strict=True))

        return run
    with path.open("rb") as file:
        module = torch.export.load(file).module()

    def call(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        with torch.inference_mode():
            found = module(as_tensors(inputs))
        return {name: values.numpy() for name, values in found.items()}

    return call


def _program(
    served: ServedModel, drawn: Mapping[str, torch.Tensor], tensors: Sequence[ServedTensor]
) -> torch.export.ExportedProgram:
    shapes = {
        t.name: {
            axis: torch.export.Dim.DYNAMIC
            for axis, size in enumerate(t.shape)
            if isinstance(size, str)
        }
        for t in tensors
    }
    with torch.no_grad(), _quiet():
        return torch.export.export(served, (dict(drawn),), dynamic_shapes=(shapes,), strict=False)


def _write_onnx(
    program: torch.export.ExportedProgram,
    drawn: Mapping[str, torch.Tensor],
    tensors: Sequence[ServedTensor],
    outputs: Sequence[str],
    path: Path,
) -> None:
    import onnx

    with torch.no_grad(), _quiet():
        made = torch.onnx.export(
            program,
            (dict(drawn),),
            dynamo=True,
            input_names=[t.name for t in tensors],
            output_names=list(outputs),
            opset_version=OPSET,
            verbose=False,
        )
    proto = cast(torch.onnx.ONNXProgram, made).model_proto
    for node in [*proto.graph.node, *(n for f in proto.functions for n in f.node)]:
        # Where in our code it came from, a third of the file.
        del node.metadata_props[:]
        node.doc_string = ""
    del proto.graph.value_info[:]
    shapes = {t.name: t.shape for t in tensors}
    for value in (*proto.graph.input, *proto.graph.output):
        shape = shapes.get(value.name) or (UTTERANCES,)
        for axis, size in enumerate(shape):
            if isinstance(size, str):
                value.type.tensor_type.shape.dim[axis].dim_param = size
    onnx.save_model(proto, str(path))


def _held(
    model: PretrainedModel, answer: Answer, examples: Sequence[Example], letters: bool
) -> Agreement:
    found = []
    for example in examples:
        out = answer(served_inputs(model, example, letters=letters))
        own = {model.card.main.name: out["logits"]}
        logits = out["logits"]
        found.append(
            Prediction(logits, out["probabilities"], logits[:, 0], logits[:, 0], {}, {}, own)
        )
    return agreement(model, examples, predict(model, examples), found)


def _description(
    model: PretrainedModel,
    exported: Exported,
    inputs: Sequence[ServedTensor],
    outputs: Sequence[str],
    form: Form,
    precision: Precision,
) -> dict[str, Any]:
    card = model.card
    meanings = {
        "logits": "before temperature",
        "probabilities": "after temperature",
        "gate": "hotspot gate of each token, 0 to 1",
        "hotspots": "learned hotspot score of each token, 0 to 1",
    }
    packages = ("torch", "onnx", "onnxruntime") if form == "onnx" else ("torch",)
    return {
        "format_version": FORMAT_VERSION,
        "name": card.name,
        "file": exported.path.name,
        "format": form,
        "opset": OPSET if form == "onnx" else None,
        "precision": precision,
        "reads_later_utterances": not model.config.causal,
        "labels": card.main.outputs,
        "unsure_below": card.unsure_below,
        "temperature": card.temperature,
        "where_alone_read": {m: asdict(own) for m, own in card.partial.items()},
        "inputs": [asdict(t) for t in inputs],
        "outputs": [
            {"name": name, "meaning": meanings[name.rpartition("_")[2]]} for name in outputs
        ],
        "features": {m: asdict(card.features[m]) for m in model.config.modalities},
        "detectors": dict(card.detectors),
        "language": card.language,
        "licence": card.licence,
        "limits": card.limits,
        "checked": {
            "made_up": asdict(exported.made_up),
            "real": None if exported.real is None else asdict(exported.real),
        },
        "emospot_version": emospot.__version__,
        "packages": {name: version(name) for name in packages},
    }


def _require(*packages: str) -> None:
    if any(find_spec(name) is None for name in packages):
        raise MissingExtraError("models in ONNX", "export")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks, which tell a user nothing and take their time."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
