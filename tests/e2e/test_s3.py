"""Artifacts and data sets in S3, on a real server, looked at with Amazon's own client."""
import datetime
import hashlib
import ipaddress
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
from conftest import BINARY, S3_SECRET, Project, basic_config, number_table, s3_client
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

STORE = "s3://artifacts/team"


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def key_of(digest, prefix="team/sha256"):
    digits = digest.removeprefix("sha256:")
    return f"{prefix}/{digits[:2]}/{digits[2:]}"


def objects_of(bucket):
    return {item.key: item.get()["Body"].read() for item in bucket.objects.all() if not item.key.endswith("/")}


@pytest.fixture
def remote(project, bucket):
    """A project whose artifacts go to S3 and whose run passes."""
    project.write_table(number_table())
    project.write_config(basic_config(artifact_store=STORE))
    return project


def test_the_object_store_does_on_a_server_what_it_does_in_memory(bucket):
    program = BINARY.parent / "data_test"
    if not program.exists():
        pytest.skip("data_test is not built: the object store's suite is NOT run on a server")
    done = subprocess.run([program, "--gtest_filter=S3/ObjectStoreConformance.*"], capture_output=True, text=True,
                          env={**os.environ, "SLIPWAY_TEST_S3": f"s3://{bucket.name}/suite"}, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED" in done.stdout and "SKIPPED" not in done.stdout and done.stdout.count("[       OK ]") >= 9


def test_a_version_lives_in_the_bucket(remote, bucket):
    last = remote.run()
    stored = objects_of(bucket)
    place = key_of(last["digest"])
    assert sha256(stored[f"{place}/manifest.json"]) == last["digest"]
    manifest = json.loads(stored[f"{place}/manifest.json"])
    for entry in manifest["files"]:
        assert sha256(stored[f"{place}/{entry['path']}"]) == entry["sha256"]
    assert {key.rsplit("/", 1)[0] for key in stored} == {place}
    assert json.loads(stored[f"{place}/metadata.json"])["registry_version"] == 1
    assert not (remote.folder / ".slipway/artifacts").exists()

    for arguments in (["models", "verify", "--all"], ["models", "show", "ml-classifier"],
                      ["models", "promote", "ml-classifier", "--to", "staging"],
                      ["models", "download", "ml-classifier", "--to", "copy"]):
        answer = remote.call(*arguments)
        assert answer.code == 0 and answer.err == "", answer.err
    assert (remote.folder / "copy/model.onnx").read_bytes() == stored[f"{place}/model.onnx"]
    assert json.loads(objects_of(bucket)[f"{place}/metadata.json"])["status"] == "staging"
    assert remote.run()["unchanged"]


def test_another_machine_needs_only_the_registry(remote, tmp_path, monkeypatch):
    remote.run()
    rows = remote.write_table(number_table(seed=5).drop(columns="target"), name="new.csv")
    here = remote.call("predict", "ml-classifier", "--input", rows)
    assert here.code == 0, here.err
    there = Project(tmp_path / "elsewhere")
    (there.folder / ".slipway").mkdir()
    for name in ("registry.db", "artifact_store"):
        shutil.copy(remote.folder / ".slipway" / name, there.folder / ".slipway" / name)
    answer = there.call("predict", "ml-classifier", "--input", rows)
    assert answer.code == 0 and answer.out == here.out, answer.err
    # What was fetched is used again, without the service; a damaged copy isn't.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert there.call("predict", "ml-classifier", "--input", rows).out == here.out
    copy = next((there.folder / ".slipway/cache/artifacts/sha256").glob("*/*/model.onnx"))
    copy.write_bytes(b"damaged")
    answer = there.call("predict", "ml-classifier", "--input", rows)
    assert answer.code == 3 and "out of reach" in answer.err and "127.0.0.1:9" in answer.err, answer.err
    monkeypatch.undo()


def test_a_removed_cache_is_filled_again(remote):
    remote.run()
    shutil.rmtree(remote.folder / ".slipway/cache")
    answer = remote.call("predict", "ml-classifier", "--input", "data/train.csv")
    assert answer.code == 0 and (remote.folder / ".slipway/cache/artifacts").exists(), answer.err


def test_deleting_a_version_leaves_what_others_may_use(remote, bucket):
    last = remote.run()
    assert remote.call("models", "delete", "ml-classifier:1", "--yes").code == 0
    assert f"{key_of(last['digest'])}/manifest.json" in objects_of(bucket)
    assert remote.run()["version"] == 2


def test_damage_in_the_bucket_is_found_and_repaired(remote, bucket):
    last = remote.run()
    model = bucket.Object(f"{key_of(last['digest'])}/model.onnx")
    content = model.get()["Body"].read()
    for damage in (content[:-1] + bytes([content[-1] ^ 1]), content[:-1]):
        model.put(Body=damage)
        answer = remote.call("models", "verify", "--all")
        assert answer.code == 4 and f"s3://artifacts/{model.key}" in answer.err, answer.err
        assert remote.call("models", "promote", "ml-classifier", "--to", "staging").code == 4
        remote.run("--no-cache")
        assert model.get()["Body"].read() == content
    bucket.Object(f"{key_of(last['digest'])}/manifest.json").delete()
    assert remote.call("models", "verify", "--all").code == 4
    assert not remote.run()["unchanged"]
    assert remote.call("models", "verify", "--all").code == 0


def test_local_leaves_the_bucket_alone(remote, bucket):
    assert remote.run("--local")["status"] == "passed"
    assert objects_of(bucket) == {} and (remote.folder / ".slipway/artifacts").exists()
    assert remote.call("models", "verify", "--all").code == 0


def test_a_store_by_name_and_the_endpoint_in_its_uri(remote, bucket, s3_server, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_REGION")
    uri = f"s3://artifacts?endpoint_override={s3_server.removeprefix('http://')}&scheme=http&region=us-east-1"
    remote.write_config(basic_config(artifact_store="team", stores={"team": uri}))
    last = remote.run()
    assert f"{key_of(last['digest'], 'sha256')}/manifest.json" in objects_of(bucket)
    assert remote.call("models", "verify", "--all").code == 0


def refused(project, code, *arguments):
    """The error of a call that must fail, without any secret."""
    answer = project.call(*(arguments or ["run"]))
    assert answer.code == code, (answer.code, answer.err)
    assert answer.err.startswith("error: ") and S3_SECRET not in answer.err + answer.out
    return answer.err


def test_a_service_that_is_not_there_names_key_uri_and_local(remote, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    begun = time.monotonic()
    error = refused(remote, 3)
    assert time.monotonic() - begun < 10
    for part in ("config.yaml", "artifact_store", STORE, "--local", "http://127.0.0.1:9", "AWS_ENDPOINT_URL"):
        assert part in error, error
    assert not (remote.folder / ".slipway").exists()


def test_a_service_that_says_nothing_is_given_up(remote, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        begun = time.monotonic()
        error = refused(remote, 3)
        assert 10 < time.monotonic() - begun < 40 and "gives no answer" in error, error


def test_a_bucket_that_is_not_there_names_a_near_one(remote):
    remote.write_config(basic_config(artifact_store="s3://artefacts/team"))
    error = refused(remote, 2)
    assert "s3://artefacts: no such bucket" in error and "try s3://artifacts" in error, error


def test_credentials_come_from_the_usual_places(remote, bucket, s3_server, monkeypatch, tmp_path):
    iam = s3_client(s3_server, "iam")
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    keys = {}
    for user in ("writer", "stranger"):
        iam.create_user(UserName=user)
        keys[user] = iam.create_access_key(UserName=user)["AccessKey"]
    iam.put_user_policy(UserName="writer", PolicyName="all", PolicyDocument=json.dumps(allowed))

    def sign_in(key=None, secret=None):
        for name, value in (("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)):
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    sign_in("AKIDNOBODY", S3_SECRET)
    error = refused(remote, 3)
    assert "does not accept the credentials" in error and "AWS_PROFILE" in error, error
    sign_in(keys["writer"]["AccessKeyId"], S3_SECRET)
    assert "does not accept the credentials" in refused(remote, 3)
    sign_in(keys["stranger"]["AccessKeyId"], keys["stranger"]["SecretAccessKey"])
    error = refused(remote, 3)
    assert "denies us" in error and keys["stranger"]["SecretAccessKey"] not in error, error
    sign_in()
    assert "no credentials were found" in refused(remote, 3)

    (tmp_path / "credentials").write_text(
        f"[team]\naws_access_key_id = {keys['writer']['AccessKeyId']}\n"
        f"aws_secret_access_key = {keys['writer']['SecretAccessKey']}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "team")
    assert remote.run()["status"] == "passed"
    sign_in(keys["writer"]["AccessKeyId"], keys["writer"]["SecretAccessKey"])
    monkeypatch.delenv("AWS_PROFILE")
    assert remote.call("models", "verify", "--all").code == 0
    for path in (remote.folder / ".slipway").rglob("*"):
        assert not path.is_file() or keys["writer"]["SecretAccessKey"].encode() not in path.read_bytes(), path


def test_credentials_in_a_uri_are_refused_and_not_repeated(remote, monkeypatch):
    monkeypatch.setenv("STORE", f"s3://AKID:{S3_SECRET}@artifacts/team")
    remote.write_config(basic_config(artifact_store="${STORE}"))
    assert "${STORE}" in refused(remote, 2)


@pytest.fixture
def https_server(s3_server, tmp_path):
    """The same service by HTTPS: its URL and the certificate to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
                   .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                                  critical=False)
                   .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                   .sign(key, hashes.SHA256()))
    trusted, own = tmp_path / "ca.pem", tmp_path / "server.pem"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    own.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()) + trusted.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True,
                         ssl_context=context)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", trusted
    server.shutdown()
    thread.join()


def test_https_and_a_certificate_of_ones_own(remote, bucket, https_server, monkeypatch):
    url, trusted = https_server
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert url in refused(remote, 3)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(trusted))
    last = remote.run()
    assert f"{key_of(last['digest'])}/manifest.json" in objects_of(bucket)


@pytest.fixture(params=["local", "s3"])
def keeping(request, project):
    """A project with its artifacts here or in S3."""
    if request.param == "s3":
        request.getfixturevalue("bucket")
    project.write_table(number_table())
    project.write_config(basic_config(**({"artifact_store": STORE} if request.param == "s3" else {})))
    return project


def answer_of(project, *arguments):
    answer = project.call(*arguments, "--output", "json")
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def test_a_data_set_is_kept_and_had_again(keeping):
    content = (keeping.folder / "data/train.csv").read_bytes()
    kept = answer_of(keeping, "data", "snapshot")
    assert kept["digest"] == sha256(content) and kept["uploaded"] == kept["bytes"] == len(content)
    assert kept["files"] == [{"name": "train.csv", "size": len(content), "digest": kept["digest"]}]
    assert answer_of(keeping, "data", "snapshot", "data/train.csv")["uploaded"] == 0
    told = keeping.call("data", "snapshot")
    assert told.out.splitlines()[-1] == kept["digest"] and "there already" in told.out

    answer_of(keeping, "data", "restore", kept["digest"])
    assert (keeping.folder / "train.csv").read_bytes() == content
    answer_of(keeping, "data", "restore", kept["digest"], "--to", "then.csv")
    assert (keeping.folder / "then.csv").read_bytes() == content
    (keeping.folder / "then.csv").write_text("mine")
    assert "--force" in refused(keeping, 2, "data", "restore", kept["digest"], "--to", "then.csv")
    assert (keeping.folder / "then.csv").read_text() == "mine"
    answer_of(keeping, "data", "restore", kept["digest"], "--to", "then.csv", "--force")
    assert (keeping.folder / "then.csv").read_bytes() == content


def test_a_version_s_training_data_is_had_again(keeping):
    content = (keeping.folder / "data/train.csv").read_bytes()
    keeping.run("--set", "data.snapshot=true")
    keeping.write_table(number_table(seed=9))
    second = keeping.run()
    assert second["version"] == 2
    restored = answer_of(keeping, "data", "restore", "ml-classifier:1", "--to", "then.csv")
    assert restored["model"] == "ml-classifier:1" and restored["digest"] == sha256(content)
    assert (keeping.folder / "then.csv").read_bytes() == content
    error = refused(keeping, 2, "data", "restore", "ml-classifier", "--to", "now.csv")
    for part in ("ml-classifier:2", sha256((keeping.folder / "data/train.csv").read_bytes()),
                 "slipway data snapshot", "data.snapshot: true"):
        assert part in error, error
    assert not (keeping.folder / "now.csv").exists()
    assert keeping.call("data", "snapshot").code == 0
    assert keeping.call("data", "restore", "ml-classifier", "--to", "now.csv").code == 0


def test_keeping_the_data_changes_no_digest_and_is_looked_after(remote, bucket):
    plain = remote.run()
    kept = remote.run("--set", "data.snapshot=true")
    assert kept["digest"] == plain["digest"] and not kept["unchanged"]
    key = key_of(sha256((remote.folder / "data/train.csv").read_bytes()), "team/data/sha256")
    assert objects_of(bucket)[key] == (remote.folder / "data/train.csv").read_bytes()
    assert remote.run("--set", "data.snapshot=true")["unchanged"]
    bucket.Object(key).delete()
    assert not remote.run("--set", "data.snapshot=true")["unchanged"]
    assert key in objects_of(bucket)


def test_several_files_are_one_set(keeping):
    parts = {"2025/part.csv": b"a,b\n1,2\n", "2026/part.csv": b"a,b\n3,4\n"}
    for name, content in parts.items():
        keeping.write_table(content, name=f"set/{name}")
    kept = answer_of(keeping, "data", "snapshot", *[f"set/{name}" for name in reversed(parts)])
    assert [file["name"] for file in kept["files"]] == list(parts)
    answer_of(keeping, "data", "restore", kept["digest"], "--to", "back")
    for name, content in parts.items():
        assert (keeping.folder / "back" / name).read_bytes() == content


def test_damaged_data_is_not_restored(remote, bucket):
    kept = answer_of(remote, "data", "snapshot")
    bucket.Object(key_of(kept["digest"], "team/data/sha256")).put(Body=b"x" * kept["bytes"])
    assert kept["digest"] in refused(remote, 4, "data", "restore", kept["digest"], "--to", "back.csv")
    assert not (remote.folder / "back.csv").exists()


def test_data_in_a_bucket_is_kept_too(remote, bucket):
    content = os.urandom(20_000_000)
    bucket.put_object(Key="source/big.bin", Body=content)
    kept = answer_of(remote, "data", "snapshot", "s3://artifacts/source/big.bin")
    assert kept["digest"] == sha256(content)
    assert sha256(bucket.Object(key_of(kept["digest"], "team/data/sha256")).get()["Body"].read()) == kept["digest"]
    answer_of(remote, "data", "restore", kept["digest"])
    assert (remote.folder / "big.bin").read_bytes() == content
    error = refused(remote, 2, "data", "snapshot", "s3://artifacts/source/bgi.bin")
    assert "no such object" in error and "try s3://artifacts/source/big.bin" in error, error


def test_a_fresh_clone_restores_by_its_configuration(remote, tmp_path):
    kept = answer_of(remote, "data", "snapshot")
    clone = Project(tmp_path / "clone")
    clone.write_config(basic_config(artifact_store=STORE))
    answer_of(clone, "data", "restore", kept["digest"], "--to", "data/train.csv")
    assert (clone.folder / "data/train.csv").read_bytes() == (remote.folder / "data/train.csv").read_bytes()
    assert not (clone.folder / ".slipway").exists()


def test_restoring_forgets_no_store(project, bucket):
    project.write_table(number_table())
    project.write_config(basic_config())
    project.run("--set", f"artifact_store={STORE}", "--set", "data.snapshot=true")
    answer_of(project, "data", "restore", "ml-classifier", "--to", "then.csv")
    assert (project.folder / "then.csv").read_bytes() == (project.folder / "data/train.csv").read_bytes()
    assert project.call("models", "verify", "--all").code == 0


def test_a_damaged_copy_is_sent_again_where_it_is_verified(project, bucket):
    project.write_config(basic_config(artifact_store=STORE))
    path = project.write_table(number_table(100))
    kept = answer_of(project, "data", "snapshot", path)
    key = key_of(kept["digest"], "team/data/sha256")
    content = bucket.Object(key).get()["Body"].read()
    bucket.put_object(Key=key, Body=b"x" + content[1:])
    assert project.call("data", "restore", kept["digest"], "--to", "bad.csv").code == 4
    assert answer_of(project, "data", "snapshot", path, "--verify")["digest"] == kept["digest"]
    answer_of(project, "data", "restore", kept["digest"], "--to", "good.csv")
    assert (project.folder / "good.csv").read_bytes() == content == path.read_bytes()
