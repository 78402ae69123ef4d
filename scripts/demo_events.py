#!/usr/bin/env python3
"""The events API as a function of Hoist, in a stand-in of AWS on this machine: details in DynamoDB.

Events of a user are recorded, one of them twice, one of them wrong; then they are listed with their details. The
index is in the function's memory: this build has no engine for the stack's SQL Server. Ends with 0 when everything
that was recorded is listed, once and as it was sent.

usage: demo_events.py ZIP      the archive of `make lambda`
"""
import json
import sys
from pathlib import Path

from local_aws import started

TABLE = "event-details"
EVENTS = [
    {"eventId": f"01932f6e-5b3c-7c1a-9a53-5f0f6a4a1c1{number}", "userId": "ana", "eventType": kind,
     "timestamp": f"2026-01-0{number + 1}T18:25:43Z", "details": details}
    for number, (kind, details) in enumerate([
        ("login", {"from": {"city": "Bogotá"}}),
        ("photo.tagged", {"tags": ["roof", {"level": 3}]}),
        ("logout", {}),
    ])
]


def problems(listed, details):
    """What is wrong with the list and with the table: nothing, where all that was sent is there, once."""
    found = []
    by_id = {event["eventId"]: event for event in listed}
    if len(listed) != len(EVENTS) or len(by_id) != len(EVENTS):
        found.append(f"{len(listed)} events are listed, and {len(EVENTS)} were sent")
    for event in EVENTS:
        got = by_id.get(event["eventId"], {})
        if any(got.get(name) != event[name] for name in ("userId", "eventType", "details")):
            found.append(f"{event['eventId']} is listed as {got}")
    if sorted(details) != sorted(event["eventId"] for event in EVENTS):
        found.append(f"the table has the details of {details}")
    return found


def record(aws, event, expected):
    answer = aws.ask("events-api", "POST", "/events", event)
    print(f"POST /events      {answer.status}  {json.dumps(answer.body, ensure_ascii=False)}", flush=True)
    if answer.status != expected:
        sys.exit(f"it should have been {expected}")


def main(archive):
    with started() as aws:
        aws.create_table(TABLE, "event_details_table.json")
        aws.create_function("events-api", Path(archive).read_bytes(), HOIST_SERVER_ENGINE="memory",
                            HOIST_EVENTS_DETAILS_TABLE=TABLE)
        for event in EVENTS:
            record(aws, event, 201)
        record(aws, EVENTS[0], 200)  # as a client that lost its answer does
        record(aws, {"userId": "", "eventType": 7}, 400)
        answer = aws.ask("events-api", "GET", "/events/ana")
        for event in answer.body["events"]:
            print(f"GET /events/ana   {event['eventType']:<13} {json.dumps(event['details'], ensure_ascii=False)}")
        found = problems(answer.body["events"], [item["eventId"]["S"] for item in aws.items(TABLE)])
    for problem in found:
        print(f"WRONG: {problem}")
    if not found:
        print(f"{len(EVENTS)} events: recorded once each, their details in the table, listed with them")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
