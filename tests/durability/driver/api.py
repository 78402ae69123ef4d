"""A small HTTP client for the API and the object endpoint; one per thread."""
import http.client
import json
import urllib.parse

TIMEOUT_S = 20


class Refused(Exception):
    """An answer that is no success; `status` and `body` say which."""

    def __init__(self, status, body, headers):
        super().__init__(f"{status}: {body[:300]!r}")
        self.status = status
        self.body = body
        self.headers = headers


class Connections:
    """Keep-alive connections by address. Any transport error ends the one it happened on."""

    def __init__(self):
        self.open = {}

    def request(self, method, url, body=None, headers=None):
        parts = urllib.parse.urlsplit(url)
        connection = self.open.pop(parts.netloc, None)
        if connection is None:
            connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_S)
        path = parts.path + ("?" + parts.query if parts.query else "")
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self.open[parts.netloc] = connection
        return answer.status, content, answer.headers

    def close(self):
        for connection in self.open.values():
            connection.close()
        self.open.clear()


LOST = (OSError, http.client.HTTPException)  # the server went away in the middle


class Api:
    def __init__(self, server):
        self.base = server.api
        self.token = server.token
        self.connections = Connections()

    def call(self, method, path, body=None, headers=None):
        """The JSON of a success; anything else is Refused."""
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = json.dumps(body)
        status, content, answered = self.connections.request(method, self.base + path, body, sent)
        if status >= 300:
            raise Refused(status, content, answered)
        return json.loads(content) if content else {}

    def has(self, path):
        """Whether the route is there at all; any answer but 404 says so."""
        try:
            self.call("GET", path)
        except Refused as refused:
            return refused.status != 404
        return True

    def put(self, transfer, body):
        status, content, headers = self.connections.request(
            "PUT", transfer["url"], body, transfer.get("headers", {})
        )
        if status != 200:
            raise Refused(status, content, headers)

    def content(self, upload_id):
        """The bytes of a finished upload, by its redirect."""
        status, body, headers = self.connections.request(
            "GET",
            f"{self.base}/uploads/{upload_id}/content",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        if status != 302:
            raise Refused(status, body, headers)
        status, body, headers = self.connections.request("GET", headers["Location"])
        if status != 200:
            raise Refused(status, body, headers)
        return body

    def pages(self, path, items, cursor="next_cursor"):
        """Every item of a paged list."""
        at = None
        while True:
            page = self.call("GET", path + (f"&cursor={urllib.parse.quote(at)}" if at else ""))
            yield from page[items]
            at = page.get(cursor)
            if not at:
                return
