"""Writes scikit-learn's 1,797 handwritten digits as pictures, DIR/<digit>/<number>.png, 64 pixels wide."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python3 digits.py DIR")
    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        folder = Path(sys.argv[1]) / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        # Ink of 0 to 16 becomes dark on light, as on paper.
        paper = Image.fromarray(np.uint8(255 - pixels * 255 / 16))
        paper.resize((64, 64), Image.Resampling.BICUBIC).save(folder / f"{number:04}.png", optimize=True)


if __name__ == "__main__":
    main()
