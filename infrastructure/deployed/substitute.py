"""What the function of the events holds in this test until the program has an engine for SQL Server.

It knows just enough to show that the templates wire the briefs' paths: it reads the settings they
pass, and calls what the roles are granted. It validates nothing and keeps no promise of Hoist's.
"""
import json
import os
import urllib.request

import boto3

NEXT = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"


def client(service: str):
    return boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def answer(status: int, body: dict) -> dict:
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def events_api(event: dict) -> dict:
    """The index is SQL Server, which no stand-in has: only the address and the login are shown."""
    secret = os.environ["HOIST_EVENTS_INDEX_SECRET"]
    login = json.loads(client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
    index = f"{os.environ['HOIST_EVENTS_INDEX_HOST']}:{os.environ['HOIST_EVENTS_INDEX_PORT']}"
    if event["httpMethod"] == "GET":
        return answer(200, {"userId": event["pathParameters"]["userId"], "index": index})
    given = json.loads(event["body"])
    client("dynamodb").put_item(
        TableName=os.environ["HOIST_EVENTS_DETAILS_TABLE"],
        Item={
            "eventId": {"S": given["eventId"]},
            "tenant": {"S": "default"},
            "details": {"S": json.dumps(given["details"])},
        },
    )
    return answer(201, {"eventId": given["eventId"], "index": index, "login": login["username"]})


FUNCTIONS = {
    "events-api": events_api,
}


def main() -> None:
    function = FUNCTIONS[os.environ["HOIST_FUNCTION"]]
    while True:
        with urllib.request.urlopen(f"{NEXT}/next") as invocation:
            name = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
            event = json.load(invocation)
        try:
            path, body = "response", function(event)
        except Exception as error:  # pylint: disable=broad-exception-caught
            path, body = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
        with urllib.request.urlopen(f"{NEXT}/{name}/{path}", json.dumps(body).encode()):
            pass


main()
