"""End-to-end tests: the program as a user calls it, judged by the libraries that users have."""
import json
import os
import pathlib
import subprocess
import urllib.request

import boto3
import numpy as np
import pandas as pd
import pytest
from moto.server import ThreadedMotoServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("SLIPWAY_BIN", ROOT / "build/release/bin/slipway"))


class Answer:
    """What one call of the program said."""

    def __init__(self, completed):
        self.code = completed.returncode
        self.out = completed.stdout
        self.err = completed.stderr

    @property
    def lines(self):
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self):
        """The last JSON line: the answer of the contract."""
        return self.lines[-1]


class Project:
    """A folder with data and a configuration, and the program called in it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def write_config(self, config, name="configs/config.yaml"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # JSON is YAML too.
        path.write_text(config if isinstance(config, str) else json.dumps(config, indent=1))
        return path

    def write_table(self, frame, name="data/train.csv"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(frame, (str, bytes)):
            path.write_bytes(frame.encode() if isinstance(frame, str) else frame)
        elif name.endswith(".parquet"):
            frame.to_parquet(path, index=False)
        else:
            frame.to_csv(path, index=False)
        return path

    def call(self, *arguments, env=None, timeout=120, cwd=None):
        completed = subprocess.run([str(BINARY), *map(str, arguments)], cwd=cwd or self.folder, text=True,
                                   capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL,
                                   env={**os.environ, **(env or {})}, check=False)
        return Answer(completed)

    def run(self, *arguments, expect=0, **options):
        """`slipway run --output json`, whose exit code must be as expected; returns its last line."""
        answer = self.call("run", "--output", "json", *arguments, **options)
        assert answer.code == expect, f"exit {answer.code}\n{answer.err}\n{answer.out[-2000:]}"
        return answer.last


def basic_config(**changes):
    """A small, valid configuration with one environment; keyword arguments replace dotted keys (a__b=…)."""
    config = {
        "project_name": "ml-classifier",
        "version": "1.0.0",
        "data": {
            "source_path": "data/train.csv",
            "validation_rules": {"min_rows": 100, "max_missing_ratio": 0.2},
            "preprocessing_steps": ["normalize", "handle_missing"],
            "target_column": "target",
        },
        "model": {
            "model_type": "random_forest",
            "hyperparameters": {"n_estimators": 20, "max_depth": 6, "random_state": 42},
            "training_config": {"cross_validation": 3},
            "evaluation_metrics": ["accuracy", "f1", "auc"],
            "performance_thresholds": {"accuracy": 0.6},
        },
        "deployment": {"environment": "development", "deployment_strategy": "blue-green"},
    }
    for key, value in changes.items():
        target = config
        *path, last = key.split("__")
        for part in path:
            target = target.setdefault(part, {})
        if value is None:
            target.pop(last, None)
        else:
            target[last] = value
    return {"development": config}


def number_table(rows=600, features=4, seed=3, missing=0.01):
    """A binary target that depends on the first two features, with some values missing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features))
    score = x[:, 0] + x[:, 1] + 0.3 * rng.normal(size=rows)
    frame = pd.DataFrame(x, columns=[f"feature{i + 1}" for i in range(features)])
    if missing:
        frame = frame.mask(rng.random((rows, features)) < missing)
    frame["target"] = (score > 0).astype(int)
    return frame


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project")


@pytest.fixture
def ready(project):
    """A project whose run passes."""
    project.write_table(number_table())
    project.write_config(basic_config())
    return project


@pytest.fixture
def real_tables():
    folder = os.environ.get("SLIPWAY_DATA", "")
    if not folder or not pathlib.Path(folder).is_dir():
        pytest.skip("SLIPWAY_DATA does not name the folder with the real tables: telco and adult are NOT tested")
    return pathlib.Path(folder)


@pytest.fixture(scope="session")
def s3_service():
    """A real S3 server on this machine, for all tests; s3_server empties it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


S3_SECRET = "s3cr3t-that-nobody-may-see"


@pytest.fixture
def s3_server(s3_service, monkeypatch, tmp_path):
    """The URL of an S3 server without buckets; calls of the program find it, and credentials, in AWS's variables."""
    urllib.request.urlopen(urllib.request.Request(f"{s3_service}/moto-api/reset", method="POST"))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    # Neither this machine's own credentials nor those of a cloud that it may run in.
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_service)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", S3_SECRET)
    return s3_service


def s3_client(endpoint, service="s3"):
    """Amazon's own client, to set up and to look with."""
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1",
                        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key=S3_SECRET)


@pytest.fixture
def bucket(s3_server):
    """A bucket named "artifacts": its boto3 resource."""
    resource = boto3.resource("s3", endpoint_url=s3_server, region_name="us-east-1",
                              aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key=S3_SECRET)
    return resource.create_bucket(Bucket="artifacts")
