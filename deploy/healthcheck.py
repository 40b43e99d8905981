"""Ask the web server beside it for /healthz the way nginx would; the exit code is the answer."""

import http.client
import os
import sys

host = os.environ["ALLOWED_HOSTS"].split(",")[0].lstrip(".")
connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=5)
connection.request("GET", "/healthz", headers={"Host": host, "X-Forwarded-Proto": "https"})
sys.exit(connection.getresponse().status != 200)
