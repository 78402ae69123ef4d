"""Stores that speak as S3 does, for tests: those that tools/stand-ins.sh has installed.

    with start("ministack") as store:
        store.client.create_bucket(Bucket="files")
"""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ.get("HOIST_STAND_INS", ROOT / "build" / "stand-ins"))
PATIENCE_S = 60
SKIPPED = 77
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
REGION = "us-east-1"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def skip(reason):
    print("SKIPPED:", reason)
    sys.exit(SKIPPED)


class Store:
    def __init__(self, kind, webhook=None):
        self.kind, self.webhook = kind, webhook
        self.folder = tempfile.mkdtemp(prefix="hoist-s3-")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(self.command(), env={**os.environ, **self.environment()},
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = self.service("s3")
        self.wait_until_ready()

    def command(self):
        program = {"ministack": FOLDER / "venv/bin/ministack", "versitygw": FOLDER / "versitygw"}[self.kind]
        if not program.exists():
            skip(f"{self.kind} is not installed; see tools/stand-ins.sh")
        if self.kind == "ministack":
            return [program]
        told = ["--event-webhook-url", self.webhook] if self.webhook else []
        return [program, "--port", f"127.0.0.1:{self.port}", "--access", "test", "--secret", "test", "--region", REGION,
                "--quiet", *told, "posix", self.folder]

    def environment(self):
        return {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port)}

    def service(self, name):
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            skip("boto3 is not installed for this Python")
        settings = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0})
        return boto3.client(name, endpoint_url=self.url, aws_access_key_id="test", aws_secret_access_key="test",
                            region_name=REGION, config=settings)

    def wait_until_ready(self):
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.client.list_buckets()
                return
            except Exception:  # noqa: BLE001: whatever it is, it is not ready
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def keys(self, bucket):
        return sorted(found["Key"] for found in self.client.list_objects_v2(Bucket=bucket).get("Contents", []))

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
