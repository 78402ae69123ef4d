"""Deploys the event stacks into the stand-in and sends events as far as they get there.

Usage: events.py MINISTACK TEMPLATE_FOLDER
"""
import json
import sys

from stand_in import StandIn, substitute

STACKS = ["EventsData-prod", "EventsApi-prod"]
LEFT_OUT = {
    "EventsData-prod": [
        "AWS::EC2::FlowLog",
        "AWS::EC2::NetworkAcl",
        "AWS::EC2::NetworkAclEntry",
        "AWS::EC2::SubnetNetworkAclAssociation",
    ],
    "EventsApi-prod": ["AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress"],
}
ORIGIN = "https://app.hoist.example.com"
EVENT = {
    "eventId": "01932f6e-5b3c-7c1a-9a53-5f0f6a4a1c11",
    "userId": "ana",
    "eventType": "photo.tagged",
    "details": {"tags": ["roof", {"level": 3}]},
}


def wiring(aws: StandIn) -> str:
    """The database is where and what the template says; answers its address."""
    (database,) = aws.client("rds").describe_db_instances()["DBInstances"]
    assert database["Engine"] == "sqlserver-se", database
    assert database["MultiAZ"] and database["StorageEncrypted"], database
    assert not database["PubliclyAccessible"], database
    (fn,) = aws.client("lambda").list_functions()["Functions"]
    (table,) = aws.client("dynamodb").list_tables()["TableNames"]
    assert table == fn["Environment"]["Variables"]["HOIST_EVENTS_DETAILS_TABLE"], table
    return f"{database['Endpoint']['Address']}:1433"


def gateway(aws: StandIn, url: str) -> None:
    refused = aws.call(url, "POST", "/events", EVENT)
    assert refused.status == 403, refused
    refused = aws.call(url, "GET", "/events/ana")
    assert refused.status == 403, refused
    preflight = aws.call(url, "OPTIONS", "/events", Origin=ORIGIN)
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN, preflight.headers


def path(aws: StandIn, url: str, index: str) -> None:
    key = aws.key("EventsApi")
    answer = aws.call(url, "POST", "/events", EVENT, X_Api_Key=key)
    assert answer.status == 201, answer
    assert answer.body == {"eventId": EVENT["eventId"], "index": index, "login": "hoist_events"}
    (row,) = aws.client("dynamodb").scan(TableName="hoist-event-details-prod")["Items"]
    assert row["eventId"]["S"] == EVENT["eventId"], row
    assert json.loads(row["details"]["S"]) == EVENT["details"], row
    answer = aws.call(url, "GET", "/events/ana", X_Api_Key=key)
    assert answer.status == 200, answer
    assert answer.body == {"userId": "ana", "index": index}, answer


def main(ministack: str, folder: str) -> None:
    with StandIn(ministack, folder, substitute()) as aws:
        url = aws.deploy(STACKS)["Url"]
        assert aws.left_out == LEFT_OUT, aws.left_out
        index = wiring(aws)
        gateway(aws, url)
        path(aws, url, index)
    print("events: created, refused without a key, details stored by eventId, both routes answer")
    print("not shown: rights; the program (substitute.py); SQL Server, so no row of the index, no")
    print("  join and no failure between the two stores; the network: it joins nothing to it, and")
    print("  does not know these:")
    for stack, types in LEFT_OUT.items():
        print(f"  of {stack} {', '.join(types)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
