"""moto behind a journal: S3, IAM, STS and KMS on one loopback port.

usage: python server.py --port PORT --folder DIR

Says `ready` on stdout once it listens, and `used` at most once a second while it is asked things. Ends, with its state
written, when stdin ends: that is how it follows a parent that was killed. Exit code 98: the port is taken.
"""

import argparse
import errno
import fcntl
import json
import logging
import os
import sys
import threading
import time
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import S3Backend
from werkzeug.serving import make_server

from journal import SERVICES, Journal
from policies import judge_by_conditions

PORT_TAKEN = 98
QUIET_SECONDS = 3


class Dispatcher(DomainDispatcherApplication):
    """Chooses moto's backend for a request, and refuses the services that are not offered."""

    def __init__(self):
        super().__init__(create_backend_app)
        self._backends = {}

    def get_backend_for_host(self, host):
        # moto reads its package folder and tries some 170 patterns at each request: 40 % of the time of a small one.
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        host = self.infer_service_region_host(environ, path)
        backend = self.get_backend_for_host(host) if host else "s3"
        if path.startswith("/moto-api") or backend not in SERVICES:
            return refuse(start_response, host or path)
        return super().__call__(environ, start_response)


class Handler(MotoRequestHandler):
    """Without a line a request: the log is for what went wrong."""

    def log_request(self, code="-", size="-"):
        pass


def refuse(start_response, asked: str):
    message = f"The emulator offers S3, IAM, STS and KMS; `{asked}` is none of them."
    start_response("501 Not Implemented", [("Content-Type", "application/json")])
    return [json.dumps({"__type": "NotImplemented", "message": message}).encode()]


def noting_use(app):
    last = 0.0

    def noted(environ, start_response):
        nonlocal last
        if time.monotonic() - last > 1:
            last = time.monotonic()
            print("used", flush=True)
        return app(environ, start_response)

    return noted


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    args = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)

    # The one before may still be writing its state after a kill of its parent: wait for it rather than write beside it.
    lock = open(args.folder / "lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    judge_by_conditions()
    # moto would write an object for each request, with made-up lines in it, to the bucket that takes the logs.
    S3Backend.log_incoming_request = lambda *_: None
    journal = Journal(Dispatcher(), args.folder)
    try:
        server = make_server("127.0.0.1", args.port, noting_use(journal), threaded=True, request_handler=Handler)
    except (OSError, SystemExit) as error:
        taken = isinstance(error, SystemExit) or error.errno == errno.EADDRINUSE
        sys.exit(PORT_TAKEN if taken else str(error))

    def end_with_parent() -> None:
        sys.stdin.buffer.read()
        server.socket.close()
        journal.close()
        os._exit(0)

    def tidy_when_quiet() -> None:
        while True:
            time.sleep(QUIET_SECONDS)
            journal.tidy()

    threading.Thread(target=end_with_parent, daemon=True).start()
    threading.Thread(target=tidy_when_quiet, daemon=True).start()
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
