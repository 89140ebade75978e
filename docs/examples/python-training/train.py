"""Trains a picture classifier with scikit-learn and writes it as the delivery takes it.

A folder of pictures goes in, DIR/<class>/<file>; out come `model.onnx` (input `image` float32 [N,3,224,224] in [0,1],
output `probabilities` float32 [N,classes]), `labels.json`, `golden.json` and `training.json`. Pictures are shrunk inside
the model, so the scoring server needs to know nothing of it. The same data and seed give the same bytes.
"""

import argparse
import base64
import hashlib
import io
import json
import time
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, compose, helper
from PIL import Image, ImageOps
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SIZE = 224
SHRINK = 8
OPSET = 17
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}


def list_pictures(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.glob("*/*") if path.suffix.lower() in PICTURES and not path.name.startswith(".")
    )


def fingerprint(folder: Path, pictures: list[Path]) -> str:
    """As the delivery counts it: SHA-256 over the sorted lines `<class>/<file> <sha256>`."""
    lines = sorted(
        f"{path.relative_to(folder).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in pictures
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_picture(path: Path) -> np.ndarray:
    """Upright, on white, the middle square at the model's size: what the scoring server does before it asks."""
    with Image.open(path) as picture:
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
    white = Image.new("RGBA", upright.size, "white")
    flat = Image.alpha_composite(white, upright).convert("RGB")
    square = ImageOps.fit(flat, (SIZE, SIZE), Image.Resampling.LANCZOS)
    return np.asarray(square, dtype=np.float32).transpose(2, 0, 1) / 255


def shrink(picture: np.ndarray) -> np.ndarray:
    """The same as the AveragePool that the model begins with."""
    small = SIZE // SHRINK
    return picture.reshape(3, small, SHRINK, small, SHRINK).mean(axis=(2, 4)).reshape(-1)


def golden(pipeline, pictures: list[Path]) -> dict:
    """A picture of each class as the model is shown it, and what scikit-learn says of it: the server must say the same.

    Pictures are given at the model's size. Pillow and the server's libvips resize a little differently, which moves a
    probability by more than rounding does; this way the samples hold decoding, colours, scale and the model itself.
    """
    first = {path.parent.name: path for path in reversed(pictures)}
    samples = []
    for path in [first[name] for name in sorted(first)][:10]:
        picture = read_picture(path)
        kept = io.BytesIO()
        Image.fromarray(np.uint8(np.rint(picture * 255)).transpose(1, 2, 0)).save(kept, "PNG")
        probabilities = pipeline.predict_proba(shrink(picture)[np.newaxis])[0]
        samples.append({"image": base64.b64encode(kept.getvalue()).decode(), "probabilities": probabilities.tolist()})
    return {"schema": 1, "samples": samples}


def read_features(pictures: list[Path]) -> np.ndarray:
    rows = []
    said = time.monotonic()
    for done, path in enumerate(pictures, start=1):
        rows.append(shrink(read_picture(path)))
        if time.monotonic() - said > 2 or done == len(pictures):
            said = time.monotonic()
            print(f"features {done}/{len(pictures)}", flush=True)
    return np.stack(rows)


def opening() -> onnx.ModelProto:
    """Pictures to rows of numbers: the part of the model that scikit-learn does not have."""
    pool = helper.make_node("AveragePool", ["image"], ["small"], kernel_shape=[SHRINK] * 2, strides=[SHRINK] * 2)
    flatten = helper.make_node("Flatten", ["small"], ["row"], axis=1)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, SIZE, SIZE])
    row = helper.make_tensor_value_info("row", TensorProto.FLOAT, ["N", 3 * (SIZE // SHRINK) ** 2])
    graph = helper.make_graph([pool, flatten], "opening", [image], [row])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


def export(pipeline, features: int) -> onnx.ModelProto:
    learnt = to_onnx(
        pipeline,
        initial_types=[("row", FloatTensorType([None, features]))],
        options={"zipmap": False},
        target_opset={"": OPSET, "ai.onnx.ml": 3},
    )
    learnt.ir_version = 8
    learnt = compose.add_prefix(learnt, "learnt/")
    whole = compose.merge_models(
        opening(), learnt, io_map=[("row", "learnt/row")], outputs=["learnt/probabilities"], name="classifier"
    )
    for node in whole.graph.node:
        node.output[:] = ["probabilities" if name == "learnt/probabilities" else name for name in node.output]
    whole.graph.output[0].name = "probabilities"
    whole.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.checker.check_model(whole, full_check=True)
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-path", type=Path, required=True)
    parser.add_argument("--output-path", type=Path, required=True)
    parser.add_argument("--components", type=int, default=64, help="principal components that are kept")
    parser.add_argument("--strength", type=float, default=0.05, help="inverse weight of the penalty")
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()

    started = time.monotonic()
    pictures = list_pictures(flags.data_path)
    classes = sorted({path.parent.name for path in pictures})
    if len(classes) < 2:
        raise SystemExit(f"{flags.data_path} has {len(classes)} classes of pictures; at least 2 are needed")
    print(f"train: {len(pictures)} pictures, {len(classes)} classes", flush=True)
    labels = np.array([classes.index(path.parent.name) for path in pictures])
    features = read_features(pictures)
    pipeline = make_pipeline(
        StandardScaler(),
        PCA(min(flags.components, len(pictures)), random_state=flags.seed),
        LogisticRegression(C=flags.strength, max_iter=1000),
    )
    pipeline.fit(features, labels)
    accuracy = float(pipeline.score(features, labels))
    print(f"train: accuracy on the training pictures {accuracy:.3f}", flush=True)

    flags.output_path.mkdir(parents=True, exist_ok=True)
    (flags.output_path / "model.onnx").write_bytes(export(pipeline, features.shape[1]).SerializeToString())
    (flags.output_path / "labels.json").write_text(json.dumps(classes) + "\n")
    (flags.output_path / "golden.json").write_text(json.dumps(golden(pipeline, pictures)) + "\n")
    record = {
        "parameters": {
            "model": "scikit-learn logistic regression on principal components",
            "components": flags.components,
            "strength": flags.strength,
            "seed": flags.seed,
        },
        "data": {"fingerprint": fingerprint(flags.data_path, pictures), "count": len(pictures)},
        "trainingAccuracy": accuracy,
        "seconds": round(time.monotonic() - started, 3),
    }
    (flags.output_path / "training.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
