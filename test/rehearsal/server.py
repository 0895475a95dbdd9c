#!/usr/bin/env python3
"""The emulated AWS: moto's services behind this folder's CloudFormation engine and handlers.

    server.py [--port N] [--parent PID]

Listens on 127.0.0.1, on a free port by default, and prints its address as its first line: http://localhost:N, as moto
takes the first part of an S3 path for the bucket at that name only. With --parent it ends when that process ends. What
the environment may ask is in engine/options.py.
"""

import argparse
import os
import signal
import sys
import threading
import time

REGION, ACCOUNT = "us-east-1", "123456789012"

# Before boto3 and moto are imported: no credentials of the user, and no proxy, is used by a client in here.
os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_REGION=REGION,
    AWS_DEFAULT_REGION=REGION,
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    NO_PROXY="127.0.0.1,localhost",
    no_proxy="127.0.0.1,localhost",
)
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")  # an unknown AWS-managed policy then fails


def start(port=0):
    """Serve in a thread; returns the server, whose shutdown() ends it."""
    from moto import backends
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    import handlers  # noqa: F401  registers them
    from engine import backend
    from engine.options import options
    from engine.state import save

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_):
            pass

    backend.install()
    modules = tuple(backends.list_of_moto_modules())  # moto reads its own folder for every request
    backends.list_of_moto_modules = lambda: modules
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=Quiet)
    options.endpoint, options.application = f"http://localhost:{server.port}", application
    os.environ["MOTO_PORT"] = str(server.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    save()
    return server


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--parent", type=int, help="end when this process ends")
    args = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    server = start(args.port)
    print(f"http://localhost:{server.port}", flush=True)
    while args.parent is None or alive(args.parent):
        time.sleep(1)
    server.shutdown()


if __name__ == "__main__":
    main()
