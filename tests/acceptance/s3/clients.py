#!/usr/bin/python3
"""Runs unmodified S3 clients against the object endpoint: Debian's awscli, boto3, s3cmd, rclone and s3fs,
npm's AWS SDK v3.

usage: clients.py [--engine ENGINE] SERVER [SUITE...]
    ENGINE is that of `hoist serve`, embedded unless it is named; SERVER is hoist, or object_server; SUITE is one
    of those below, such as rclone; all of them when none is named
With HOIST_S3_ENDPOINT and HOIST_S3_KEYS (a keys/s3.json) set, no server is started.
A client that is not installed is skipped by name; 77 if none is there.
"""

import argparse
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zlib

HERE = pathlib.Path(__file__).resolve().parent
AWS = "/usr/bin/aws"
START_SECONDS = 60


class Server:
    def __init__(self, binary, engine):
        self.folder = tempfile.TemporaryDirectory(prefix="hoist-s3-")
        data = self.folder.name + "/data"
        is_hoist = pathlib.Path(binary).name == "hoist"
        # Files are served before their scan, because what a download carries is looked at and not the scan.
        command = [binary, "serve", "--engine", engine, "--data", data, "--listen", "127.0.0.1:0",
                   "--objects-listen", "127.0.0.1:0",
                   "--set", "uploads.allow_unscanned=true"]
        self.process = subprocess.Popen(command if is_hoist else [binary, data], stdout=subprocess.PIPE, text=True)
        addresses = self.wait_until_ready()
        self.endpoint, self.api = addresses["objects"], addresses.get("api")
        self.keys = json.loads(pathlib.Path(data, "keys/s3.json").read_text())
        self.token = json.loads(pathlib.Path(data, "cli.json").read_text())["token"] if is_hoist else None

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        for line in self.process.stdout:
            if line.startswith("ready "):
                return dict(word.split("=", 1) for word in line.split()[1:])
            if time.monotonic() > deadline:
                break
        raise SystemExit("the server did not become ready")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.folder.cleanup()


def environment(endpoint, keys, api, token):
    # Plain HTTP on this machine needs no authority, and rclone fails on being given one.
    inherited = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
    return dict(
        inherited,
        AWS_ACCESS_KEY_ID=keys["access_key_id"],
        AWS_SECRET_ACCESS_KEY=keys["secret_access_key"],
        AWS_DEFAULT_REGION=keys["region"],
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE="/dev/null",
        AWS_PAGER="",
        ENDPOINT=endpoint,
        API=api or "",
        TOKEN=token or "",
        BUCKET=keys["bucket"],
    )


def expect(what, condition):
    if not condition:
        raise AssertionError(what)
    print("  ok:", what)


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def with_awscli(env, folder):
    def aws(*words, fails=False):
        done = subprocess.run([AWS, "--endpoint-url", env["ENDPOINT"], *words], env=env, capture_output=True, text=True)
        if (done.returncode != 0) != fails:
            raise AssertionError(f"aws {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    bucket = env["BUCKET"]
    small, large = folder / "small ñ.txt", folder / "large.bin"
    small.write_text("hello")
    large.write_bytes(os.urandom(20 * 1024 * 1024 + 17))
    aws("s3", "cp", str(small), f"s3://{bucket}/cli/small ñ.txt")
    aws("s3", "cp", str(large), f"s3://{bucket}/cli/large.bin")
    expect("ls lists both", aws("s3", "ls", f"s3://{bucket}/cli/").count("\n") == 2)
    aws("s3", "cp", f"s3://{bucket}/cli/large.bin", str(folder / "back.bin"))
    expect("a multipart upload comes back the same", sha256(large) == sha256(folder / "back.bin"))
    head = json.loads(aws("s3api", "head-object", "--bucket", bucket, "--key", "cli/large.bin"))
    expect("its ETag counts the parts", head["ETag"].endswith('-3"'))
    for algorithm in ("CRC32", "CRC32C", "SHA1", "SHA256"):
        aws("s3api", "put-object", "--bucket", bucket, "--key", "cli/sum", "--body", str(small),
            "--checksum-algorithm", algorithm)
    expect("checksums of four kinds are taken", True)
    aws("s3api", "put-object-tagging", "--bucket", bucket, "--key", "cli/sum", "--tagging", "TagSet=[{Key=a,Value=b}]")
    tags = json.loads(aws("s3api", "get-object-tagging", "--bucket", bucket, "--key", "cli/sum"))
    expect("tags come back", tags["TagSet"] == [{"Key": "a", "Value": "b"}])
    aws("s3", "sync", str(folder), f"s3://{bucket}/cli/sync/")
    aws("s3", "mv", f"s3://{bucket}/cli/sum", f"s3://{bucket}/cli/moved")
    aws("s3api", "head-object", "--bucket", bucket, "--key", "cli/sum", fails=True)
    aws("s3", "cp", f"s3://{bucket}/cli/large.bin", f"s3://{bucket}/cli/copy.bin")
    aws("s3", "cp", f"s3://{bucket}/cli/copy.bin", str(folder / "copy.bin"))
    expect("a large object is copied in parts", sha256(large) == sha256(folder / "copy.bin"))
    aws("s3", "cp", f"s3://{bucket}/cli/large.bin", f"s3://{bucket}/cli/typed.bin", "--metadata-directive", "REPLACE",
        "--content-type", "image/png", "--metadata", "a=b")
    head = json.loads(aws("s3api", "head-object", "--bucket", bucket, "--key", "cli/typed.bin"))
    expect("a copy takes other metadata", head["ContentType"] == "image/png" and head["Metadata"] == {"a": "b"})
    head = json.loads(aws("s3api", "head-object", "--bucket", bucket, "--key", "cli/large.bin", "--part-number", "2"))
    expect("an object is described by part", head["PartsCount"] == 3 and head["ContentLength"] == 8 * 1024 * 1024)
    for question in ("versioning", "acl", "location", "ownership-controls", "request-payment"):
        aws("s3api", f"get-bucket-{question}", "--bucket", bucket)
    expect("questions about the bucket are answered", True)
    aws("s3", "mb", f"s3://{bucket}")
    aws("s3", "mb", "s3://cli-made")
    aws("s3", "cp", str(small), "s3://cli-made/k")
    aws("s3", "rb", "s3://cli-made", fails=True)
    aws("s3", "rb", "--force", "s3://cli-made")
    expect("a bucket that is there may be asked for again", True)
    aws("s3", "rm", "--recursive", f"s3://{bucket}/cli/")
    aws("s3", "ls", f"s3://{bucket}/cli/", fails=True)
    expect("everything is removed again", True)


def with_boto3(env, folder):
    import boto3
    import botocore.exceptions
    import urllib.error
    import urllib.request
    from botocore.config import Config

    bucket = env["BUCKET"]
    client = boto3.client(
        "s3", endpoint_url=env["ENDPOINT"], region_name=env["AWS_DEFAULT_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))
    client.put_object(Bucket=bucket, Key="boto/k", Body=b"0123456789", Metadata={"a": "b"}, ContentType="text/plain")
    got = client.get_object(Bucket=bucket, Key="boto/k", Range="bytes=2-4")
    expect("a range is read", got["Body"].read() == b"234" and got["ContentRange"] == "bytes 2-4/10")
    expect("metadata comes back", client.head_object(Bucket=bucket, Key="boto/k")["Metadata"] == {"a": "b"})
    try:
        client.get_object(Bucket=bucket, Key="boto/absent")
        expect("an absent key is NoSuchKey", False)
    except client.exceptions.NoSuchKey:
        expect("an absent key is NoSuchKey", True)

    def refusal(call, **arguments):
        try:
            call(Bucket=bucket, **arguments)
        except botocore.exceptions.ClientError as refused:
            return refused.response["ResponseMetadata"]["HTTPStatusCode"]
        return 200

    etag = client.put_object(Bucket=bucket, Key="boto/k", Body=b"0123456789")["ETag"]
    expect("an ETag is the MD5", etag == '"' + hashlib.md5(b"0123456789").hexdigest() + '"')
    source = {"Bucket": bucket, "Key": "boto/k"}
    expect("a copy obeys the conditions of its source",
           refusal(client.copy_object, Key="boto/c", CopySource=source, CopySourceIfMatch="other") == 412
           and refusal(client.copy_object, Key="boto/c", CopySource=source, CopySourceIfNoneMatch=etag) == 412
           and refusal(client.head_object, Key="boto/c") == 404)
    expect("another owner is refused",
           refusal(client.get_object, Key="boto/k", ExpectedBucketOwner="123456789012") == 403)
    status = fetch("PUT", client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "boto/e"}),
                   b"x", {"Content-Encoding": "br"})[0]
    expect("what was not signed is not stored", status == 403 and refusal(client.head_object, Key="boto/e") == 404)
    plain = boto3.client("s3", endpoint_url=env["ENDPOINT"], region_name=env["AWS_DEFAULT_REGION"],
                         aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
                         config=Config(signature_version="s3"))
    _, _, text = fetch("GET", plain.generate_presigned_url("get_object", Params=source))
    expect("Signature Version 2 is refused with what to set", b"s3v4" in text)

    large = folder / "boto.bin"
    large.write_bytes(os.urandom(12 * 1024 * 1024))
    client.upload_file(str(large), bucket, "boto/large")
    client.download_file(bucket, "boto/large", str(folder / "boto.back"))
    expect("managed transfers come back the same", sha256(large) == sha256(folder / "boto.back"))

    client.copy({"Bucket": bucket, "Key": "boto/large"}, bucket, "boto/copied",
                ExtraArgs={"Metadata": {"c": "d"}, "MetadataDirective": "REPLACE"})
    client.download_file(bucket, "boto/copied", str(folder / "boto.copied"))
    expect("a managed copy is the same", sha256(large) == sha256(folder / "boto.copied"))
    part = client.get_object(Bucket=bucket, Key="boto/large", PartNumber=2)
    expect("an object is read by part",
           part["PartsCount"] == 2 and part["Body"].read() == large.read_bytes()[8 * 1024 * 1024:])
    versions = client.list_object_versions(Bucket=bucket, Prefix="boto/large")["Versions"]
    expect("an object has one version", [entry["VersionId"] for entry in versions] == ["null"])

    client.create_bucket(Bucket="boto-made")
    client.put_object(Bucket="boto-made", Key="k", Body=b"x")
    expect("a bucket is made and listed", "boto-made" in [entry["Name"] for entry in client.list_buckets()["Buckets"]])
    client.delete_object(Bucket="boto-made", Key="k")
    client.delete_bucket(Bucket="boto-made")
    expect("and removed", "boto-made" not in [entry["Name"] for entry in client.list_buckets()["Buckets"]])
    for region in ("auto", "eu-central-1"):
        elsewhere = boto3.client("s3", endpoint_url=env["ENDPOINT"], region_name=region,
                                 aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
                                 aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"])
        elsewhere.put_object(Bucket=bucket, Key="boto/elsewhere", Body=b"x")
        found = elsewhere.head_object(Bucket=bucket, Key="boto/large")
        expect(f"a client of the region {region} learns the right one", found["ContentLength"] > 0)

    upload = client.create_multipart_upload(Bucket=bucket, Key="boto/parts")["UploadId"]
    client.upload_part(Bucket=bucket, Key="boto/parts", UploadId=upload, PartNumber=1, Body=b"x")
    listed = client.list_parts(Bucket=bucket, Key="boto/parts", UploadId=upload)["Parts"]
    expect("parts are listed", [part["PartNumber"] for part in listed] == [1])
    client.abort_multipart_upload(Bucket=bucket, Key="boto/parts", UploadId=upload)
    expect("an aborted upload is gone", not client.list_multipart_uploads(Bucket=bucket).get("Uploads"))

    for number in range(25):
        client.put_object(Bucket=bucket, Key=f"boto/list/{number // 5}/{number}", Body=b"")
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="boto/list/", PaginationConfig={"PageSize": 7})
    keys = [item["Key"] for page in pages for item in page["Contents"]]
    expect("pages together are the whole list", len(keys) == 25 and keys == sorted(keys))
    rolled = client.list_objects_v2(Bucket=bucket, Prefix="boto/list/", Delimiter="/")["CommonPrefixes"]
    expect("prefixes are rolled up", len(rolled) == 5)

    url = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "boto/signed"}, ExpiresIn=60)
    urllib.request.urlopen(urllib.request.Request(url, data=b"signed", method="PUT"))
    expect("a presigned PUT is taken", client.get_object(Bucket=bucket, Key="boto/signed")["Body"].read() == b"signed")
    try:
        urllib.request.urlopen(urllib.request.Request(url.replace("signed?", "other?"), data=b"x", method="PUT"))
        expect("another key is refused", False)
    except urllib.error.HTTPError as refusal:
        expect("another key is refused", refusal.code == 403)
    form = client.generate_presigned_post(bucket, "boto/form/${filename}",
                                          Conditions=[["content-length-range", 1, 10]], ExpiresIn=60)
    boundary = "----boundary"
    body = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                   for name, value in form["fields"].items())
    body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nform'
             f"\r\n--{boundary}--\r\n")
    urllib.request.urlopen(urllib.request.Request(
        form["url"], data=body.encode(), headers={"Content-Type": f"multipart/form-data; boundary={boundary}"}))
    expect("a browser form is taken", client.get_object(Bucket=bucket, Key="boto/form/a.txt")["Body"].read() == b"form")

    wrong = boto3.client("s3", endpoint_url=env["ENDPOINT"], region_name=env["AWS_DEFAULT_REGION"],
                         aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key="x" * 40)
    try:
        wrong.put_object(Bucket=bucket, Key="boto/k", Body=b"evil")
        expect("a wrong secret is refused", False)
    except botocore.exceptions.ClientError as refusal:
        expect("a wrong secret is refused", refusal.response["Error"]["Code"] == "SignatureDoesNotMatch")

    every = [{"Key": item["Key"]} for page in client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="boto/") for item in page["Contents"]]
    removed = client.delete_objects(Bucket=bucket, Delete={"Objects": every})
    expect("many are deleted at once", len(removed["Deleted"]) == len(every))


def fetch(method, url, body=None, headers=None):
    """Status, headers and body of one request; redirects are not followed."""
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=30)
    try:
        connection.request(method, address.path + ("?" + address.query if address.query else ""), body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


# Put together here, so that this file is not taken for the test virus itself.
VIRUS = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def with_grants(env, folder):
    """What is stored with a user's file, and what its download carries, is decided by the grant alone."""
    del folder
    packed = zlib.compress(VIRUS)
    authority = {"Authorization": "Bearer " + env["TOKEN"], "Content-Type": "application/json"}
    wish = {"project_id": "p", "filename": "doc.bin", "content_type": "application/octet-stream", "size": len(packed)}
    status, _, text = fetch("POST", env["API"] + "/uploads", json.dumps(wish), authority)
    expect("an upload is granted", status == 201)
    created = json.loads(text)
    url, granted = created["transfer"]["url"], created["transfer"]["headers"]
    for name, value in (("Content-Encoding", "deflate"), ("Content-Encoding", "br"), ("Content-Encoding", "gzip"),
                        ("Content-Disposition", "inline"),
                        ("Content-Language", "es"), ("Expires", "Fri, 01 Jan 2100 00:00:00 GMT"),
                        ("x-amz-meta-a", "b")):
        status, _, text = fetch("PUT", url, packed, {**granted, name: value})
        expect(f"{name}: {value} beside a grant is refused", status == 403 and name.lower().encode() in text)
    # Browsers add this one to a conditional PUT by themselves, so it is left out rather than refused.
    status, _, text = fetch("PUT", url, packed, {**granted, "Cache-Control": "public, max-age=31536000, immutable"})
    expect("the grant itself is taken", status == 200)
    status, headers, _ = fetch("GET", f"{env['API']}/uploads/{created['upload']['id']}/content", None, authority)
    expect("the file is served by redirection", status == 302)
    status, headers, body = fetch("GET", headers["Location"], None, {"Accept-Encoding": "gzip, deflate, br"})
    expect("a download is the bytes as they were scanned", status == 200 and body == packed)
    expect("and carries no encoding", headers["Content-Encoding"] is None)
    expect("and is cached nowhere", headers["Cache-Control"] == "private, no-store")
    expect("and has its own type and name", headers["Content-Type"] == "application/octet-stream"
           and headers["Content-Disposition"].startswith('attachment; filename="doc.bin"'))


def run(words, fails=False, **more):
    done = subprocess.run(words, capture_output=True, text=True, **more)
    if (done.returncode != 0) != fails:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def make_files(folder):
    """A tree with files that go whole and one that goes in parts."""
    (folder / "in" / "deep").mkdir(parents=True)
    for number in range(12):
        (folder / "in" / "deep" / f"{number} ñ.bin").write_bytes(os.urandom(number * 1000))
    (folder / "in" / "large.bin").write_bytes(os.urandom(17 * 1024 * 1024 + 3))
    return folder / "in"


def same_trees(one, other):
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    return names == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file()) and all(
        sha256(one / name) == sha256(other / name) for name in names)


def with_s3cmd(env, folder):
    host = urllib.parse.urlsplit(env["ENDPOINT"]).netloc
    config = folder / "s3cfg"
    config.write_text(f"[default]\naccess_key = {env['AWS_ACCESS_KEY_ID']}\n"
                      f"secret_key = {env['AWS_SECRET_ACCESS_KEY']}\nhost_base = {host}\nhost_bucket = {host}\n"
                      "use_https = False\nsignature_v2 = False\nmultipart_chunk_size_mb = 6\n")

    def s3cmd(*words):
        return run(["s3cmd", "--config", str(config), "--no-progress", *words])

    source, there = make_files(folder), f"s3://{env['BUCKET']}/s3cmd/"
    s3cmd("put", str(source / "deep" / "3 ñ.bin"), there + "one")
    expect("a put finds its MD5 confirmed", "one" in s3cmd("ls", there))
    s3cmd("sync", str(source) + "/", there)
    expect("a second sync sends nothing", "upload:" not in s3cmd("sync", str(source) + "/", there))
    s3cmd("rm", there + "one")
    (folder / "out").mkdir()
    s3cmd("sync", there, str(folder / "out") + "/")
    expect("what comes back is the same", same_trees(source, folder / "out"))
    s3cmd("cp", there + "large.bin", there + "copy.bin")
    s3cmd("mv", there + "copy.bin", there + "moved.bin")
    s3cmd("modify", "--add-header=Content-Type:image/png", there + "moved.bin")
    expect("a header is changed in place", "image/png" in s3cmd("info", there + "moved.bin"))
    s3cmd("del", "--recursive", there)
    expect("everything is removed again", not s3cmd("ls", there))


def with_rclone(env, folder):
    settings = dict(env, RCLONE_CONFIG=str(folder / "none"), RCLONE_CONFIG_H_TYPE="s3",
                    RCLONE_CONFIG_H_PROVIDER="Other", RCLONE_CONFIG_H_ENV_AUTH="true", RCLONE_CONFIG_H_ENDPOINT=env["ENDPOINT"],
                    RCLONE_CONFIG_H_REGION=env["AWS_DEFAULT_REGION"])

    def rclone(*words):
        done = subprocess.run(["rclone", "--s3-upload-cutoff", "8M", "--s3-chunk-size", "5M", *words], env=settings,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"rclone {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    source, there = make_files(folder), f"h:{env['BUCKET']}/rclone"
    rclone("sync", str(source), there)
    checked = rclone("check", str(source), there)
    expect("a check compares every hash",
           "0 differences found" in checked and "hashes could not be checked" not in checked)
    rclone("moveto", there + "/large.bin", there + "/moved.bin")
    rclone("copyto", there + "/moved.bin", there + "/large.bin")
    rclone("touch", there + "/moved.bin")
    expect("objects are moved, copied and touched", "moved.bin" in rclone("lsf", there))
    rclone("delete", there + "/moved.bin")
    rclone("sync", there, str(folder / "out"))
    expect("what comes back is the same", same_trees(source, folder / "out"))
    rclone("purge", there)
    expect("everything is removed again", not rclone("lsf", f"h:{env['BUCKET']}/").strip().startswith("rclone"))


def with_s3fs(env, folder):
    mount = folder / "mount"
    mount.mkdir()
    source = make_files(folder)
    keys = dict(env, AWSACCESSKEYID=env["AWS_ACCESS_KEY_ID"], AWSSECRETACCESSKEY=env["AWS_SECRET_ACCESS_KEY"])
    run(["s3fs", env["BUCKET"], str(mount), "-o",
         f"url={env['ENDPOINT']},use_path_request_style,endpoint={env['AWS_DEFAULT_REGION']}"], env=keys)
    try:
        shutil.copytree(source, mount / "s3fs")
        expect("a tree is copied in and reads the same", same_trees(source, mount / "s3fs"))
        (mount / "s3fs" / "large.bin").rename(mount / "s3fs" / "moved.bin")
        os.utime(mount / "s3fs" / "moved.bin", (1_000_000_000, 1_000_000_000))
        expect("a file is renamed and its time is set",
               sha256(mount / "s3fs" / "moved.bin") == sha256(source / "large.bin")
               and (mount / "s3fs" / "moved.bin").stat().st_mtime == 1_000_000_000)
        shutil.rmtree(mount / "s3fs")
        expect("everything is removed again", not (mount / "s3fs").exists())
    finally:
        run(["fusermount", "-u", "-z", str(mount)])


def with_sdk(env, folder):
    del folder
    subprocess.run(["node", str(HERE / "sdk.mjs")], env=dict(env, NODE_NO_WARNINGS="1"), check=True)


def have_sdk():
    if (HERE / "node_modules/@aws-sdk/client-s3").exists():
        return True
    print("SKIPPED: the AWS SDK for JavaScript is not installed (npm ci --prefix tests/acceptance/s3)")
    return False


def have_boto3():
    try:
        import boto3  # noqa: F401
        return True
    except ImportError:
        print("SKIPPED: boto3 is not installed (Debian package python3-boto3)")
        return False


def have_awscli():
    if os.path.exists(AWS):
        return True
    print("SKIPPED: the AWS command line is not installed (Debian package awscli)")
    return False


def have(command):
    if shutil.which(command):
        return True
    print(f"SKIPPED: {command} is not installed (Debian package {command})")
    return False


def have_s3fs():
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        print("SKIPPED: s3fs needs /dev/fuse, which this process may not open")
        return False
    return have("s3fs")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="embedded")
    parser.add_argument("server")
    parser.add_argument("suites", nargs="*")
    asked = parser.parse_args()
    is_hoist = "HOIST_S3_ENDPOINT" not in os.environ and pathlib.Path(asked.server).name == "hoist"
    suites = [(with_grants, is_hoist), (with_awscli, have_awscli()), (with_boto3, have_boto3()), (with_sdk, have_sdk()),
              (with_s3cmd, have("s3cmd")), (with_rclone, have("rclone")), (with_s3fs, have_s3fs())]
    named = ["with_" + name for name in asked.suites]
    chosen = [suite for suite, there in suites if there and (not named or suite.__name__ in named)]
    print(f"{len(chosen)} of {len(suites)} suites are run", flush=True)
    if not chosen:
        sys.exit(77)
    server = api = token = None
    if "HOIST_S3_ENDPOINT" in os.environ:
        endpoint = os.environ["HOIST_S3_ENDPOINT"]
        keys = json.loads(pathlib.Path(os.environ["HOIST_S3_KEYS"]).read_text())
    else:
        server = Server(asked.server, asked.engine)
        endpoint, keys, api, token = server.endpoint, server.keys, server.api, server.token
    try:
        for suite in chosen:
            print(suite.__name__, flush=True)
            with tempfile.TemporaryDirectory() as folder:
                suite(environment(endpoint, keys, api, token), pathlib.Path(folder))
    finally:
        if server:
            server.stop()


if __name__ == "__main__":
    main()
