"""Full decode, SHA-256 and difference hash with Pillow and imagehash, on two processes."""
import hashlib
import io
import multiprocessing
import pathlib
import sys

import imagehash
from PIL import Image


def check(path):
    content = path.read_bytes()
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return hashlib.sha256(content).hexdigest(), str(imagehash.dhash(picture))


if __name__ == "__main__":
    files = sorted(pathlib.Path(sys.argv[1]).rglob("*.jpg"))
    with multiprocessing.Pool(2) as pool:
        print(len(pool.map(check, files, chunksize=16)))
