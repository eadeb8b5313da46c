"""Artifacts in a bucket: moto's server speaks S3 on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from quant_model.errors import UserError
from search.results.export import trial_model
from search.store.artifacts import artifacts_at
from search.store.study import open_study
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, work

SECRET = "sec-ret-key"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ann")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    boto3.client("s3").create_bucket(Bucket="studies")
    yield "studies"
    server.stop()


def test_a_study_with_its_files_in_a_bucket(make_study: StudyMaker, bucket: str, tmp_path: Path) -> None:
    study = open_file(make_study(), artifacts=f"s3://{bucket}/team/one")
    work(study, 1)
    # Another machine: nothing but the storage's URL and the service's address.
    elsewhere = open_study(study.url, "tiny")
    assert elsewhere.artifacts.place == f"s3://{bucket}/team/one"
    assert elsewhere.data().series.rows == 300
    (trial,) = [one for one in elsewhere.trials() if "model" in one.user_attrs][:1]
    assert trial_model(elsewhere, trial).network.design.as_dict() == trial.user_attrs["design"]
    keys = [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert all(key.startswith("team/one/") for key in keys)
    assert not (tmp_path / "studies" / "artifacts").exists()


def test_named_files_come_and_go(bucket: str) -> None:
    store = artifacts_at(f"s3://{bucket}/a")
    assert store.kept("checkpoint") is None
    store.keep("checkpoint", b"first")
    store.keep("checkpoint", b"second")
    assert store.kept("checkpoint") == b"second"
    store.drop("checkpoint")
    store.drop("checkpoint")
    assert store.kept("checkpoint") is None


def test_what_is_missing_is_said(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"s3://studies/a: the model is not there"):
        artifacts_at(f"s3://{bucket}/a").get("absent", "the model")
    with pytest.raises(UserError, match=r"NoSuchBucket|bucket does not exist"):
        artifacts_at("s3://nowhere/a").keep("x", b"")
    with pytest.raises(UserError, match="no bucket is named"):
        artifacts_at("s3:///a")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(UserError, match="Could not connect") as caught:
        artifacts_at(f"s3://{bucket}/a").kept("x")
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
