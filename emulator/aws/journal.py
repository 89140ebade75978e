"""Keeps what moto holds in memory: a snapshot, and a journal of the requests answered since.

moto's identifiers are random and its times are the clock's. Both are set for each request from values that the journal
keeps, so that a replayed request gives the same version ids and times. Every request runs alone: otherwise the order in
which two of them draw from moto's one random generator could not be repeated. It also makes conditional writes atomic,
which they are not in moto itself.

The files are pickles: whoever can write to the folder (mode 0700) can run code as its owner, who could do that anyway.
"""

import copyreg
import datetime
import io
import os
import pickle
import secrets
import sys
import threading
import time
import types
from pathlib import Path

import moto
import moto.core.utils
import moto.kms.models
import moto.kms.utils
import moto.s3.models
import moto.sts.utils
from moto.backends import get_backend
from moto.core.model_instances import reset_model_data
from moto.kms.exceptions import ValidationException
from moto.moto_api._internal import mock_random
from moto.s3.utils import _VersionedKeyStore

SERVICES = ("s3", "iam", "sts", "kms")
READING = ("GET", "HEAD", "OPTIONS")
# A snapshot costs about 3 ms a megabyte, a replay about 1 ms a request. Unasked for this many requests, it is not worth it.
FEW = 100
# Beyond this, and the size of the last snapshot, a journal is folded in at once: all rewriting together stays in
# proportion to what was written, however much that is.
SMALLEST_LIMIT = 64 * 1024 * 1024


class _Clock(datetime.datetime):
    """The datetime class that moto's S3 sees. Only `now` differs: it gives the time of the request being run."""

    at: float | None = None

    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(time.time() if cls.at is None else cls.at, tz)


def _instead(module, **replaced):
    """A stand-in for `module` that differs in the names given, to be put in a module that imported it."""
    stand_in = types.ModuleType(module.__name__)
    stand_in.__dict__.update({**module.__dict__, **replaced})
    return stand_in


def _make_repeatable() -> None:
    for user in (moto.core.utils, moto.s3.models):
        user.datetime = _instead(datetime, datetime=_Clock)
    # Ids of uploads in parts, session tokens and keys are drawn from the system instead of moto's own generator.
    for user in (moto.s3.models, moto.sts.utils, moto.kms.utils):
        user.os = _instead(os, urandom=mock_random.randbytes)
    moto.kms.models.generate_private_key = _no_private_key


def _no_private_key(key_spec: str) -> None:
    """moto makes an RSA key for a symmetric key too, slowly, and no snapshot can hold one."""
    if key_spec != "SYMMETRIC_DEFAULT":
        raise ValidationException(f"The emulator offers symmetric keys; KeySpec '{key_spec}' is none.")


def _key_store(versions: dict) -> _VersionedKeyStore:
    store = _VersionedKeyStore()
    dict.update(store, versions)
    return store


# Left to itself, pickle asks the store for its items, and it gives the latest version of each key alone.
copyreg.pickle(_VersionedKeyStore, lambda store: (_key_store, (dict(store.lists()),)))


class Journal:
    """A WSGI application around moto's that survives the end of its process at any moment."""

    def __init__(self, app, folder: Path):
        self._app = app
        self._folder = folder
        self._lock = threading.Lock()
        self._generation = 0
        self._entries = 0
        self._busy = False
        _make_repeatable()
        self._remove_drafts()
        self._load_snapshot()
        replayed = self._replay()
        self._file = open(self._journal(self._generation), "ab")
        if replayed > 0:
            self.compact()

    def __call__(self, environ, start_response):
        self._busy = True
        # Read before the lock is taken, so that a slow client holds up nobody else.
        body = _read_body(environ)
        entry = None
        with self._lock:
            if environ["REQUEST_METHOD"] not in READING:
                entry = (time.time(), secrets.randbits(64), _plain(environ), body)
            status, headers, payload = self._run(environ, body, entry)
            # A refused request changed nothing. One that is not in the journal yet must not be answered.
            if entry is not None and int(status[:3]) < 400:
                pickle.dump((*entry, status), self._file, pickle.HIGHEST_PROTOCOL)
                self._file.flush()
                self._entries += 1
                if self._file.tell() > max(SMALLEST_LIMIT, self._snapshot_size()):
                    self._compact()
        start_response(status, headers)
        return [payload]

    def compact(self) -> None:
        with self._lock:
            self._compact()

    def tidy(self) -> None:
        """Folds the journal in if nobody has asked anything since the last call, so that a start after a kill is quick."""
        if not self._busy and self._entries > FEW:
            self.compact()
        self._busy = False

    def close(self) -> None:
        """Takes the lock for good: whoever is not answered yet will not be."""
        self._lock.acquire()
        if self._file.tell() > 0:
            self._compact()
        self._file.close()

    def _run(self, environ, body, entry):
        if entry is not None:
            _Clock.at, seed = entry[0], entry[1]
            mock_random.seed(seed)
        answer = []
        try:
            environ["wsgi.input"] = io.BytesIO(body)
            chunks = self._app(environ, lambda status, headers, _=None: answer.extend((status, headers)))
            try:
                payload = b"".join(chunks)
            finally:
                if hasattr(chunks, "close"):
                    chunks.close()
        finally:
            _Clock.at = None
        return answer[0], answer[1], payload

    def _compact(self) -> None:
        following = self._generation + 1
        state = {name: dict(get_backend(name)) for name in SERVICES}
        owners = get_backend("s3").bucket_accounts
        draft = self._folder / "state.draft"
        with open(draft, "wb") as file:
            kept = {"moto": moto.__version__, "generation": following, "state": state, "owners": owners}
            pickle.dump(kept, file, pickle.HIGHEST_PROTOCOL)
        # The one step that counts: until it is done the old snapshot with its journal is the truth, then the new one.
        draft.replace(self._snapshot)
        self._file.close()
        self._file = open(self._journal(following), "ab")
        self._journal(self._generation).unlink(missing_ok=True)
        self._generation = following
        self._entries = 0

    def _load_snapshot(self) -> None:
        if not self._snapshot.exists():
            return
        with open(self._snapshot, "rb") as file:
            kept = pickle.load(file)
        if kept["moto"] != moto.__version__:
            sys.exit(
                f"`{self._snapshot}` was written by moto {kept['moto']}, this is {moto.__version__}: "
                f"install that version, or remove `{self._folder}` and lose its buckets."
            )
        for name, accounts in kept["state"].items():
            get_backend(name).update(accounts)
        # S3 keeps the owner of each bucket name beside its backends: names are unique over all accounts.
        get_backend("s3").bucket_accounts.update(kept["owners"])
        # moto remembers every object ever made, for its dashboard; what was loaded need not be remembered twice.
        reset_model_data()
        self._generation = kept["generation"]

    def _replay(self) -> int:
        count = 0
        journal = self._journal(self._generation)
        for stale in self._folder.glob("journal.*"):
            if stale != journal:
                stale.unlink()
        if not journal.exists():
            return count
        with open(journal, "rb") as file:
            while True:
                try:
                    entry = pickle.load(file)
                except (EOFError, pickle.UnpicklingError):
                    # The end, or a request that was being written, and so not answered, when the process was killed.
                    return count
                _, _, environ, body, status = entry
                again, _, _ = self._run({**environ, **_wsgi()}, body, entry)
                if again != status:
                    asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
                    sys.exit(f"`{asked}` in `{journal}` was answered `{status}` and is now `{again}`: remove `{self._folder}`.")
                count += 1

    def _snapshot_size(self) -> int:
        return self._snapshot.stat().st_size if self._snapshot.exists() else 0

    @property
    def _snapshot(self) -> Path:
        return self._folder / "state"

    def _journal(self, generation: int) -> Path:
        return self._folder / f"journal.{generation}"

    def _remove_drafts(self) -> None:
        (self._folder / "state.draft").unlink(missing_ok=True)


def _plain(environ) -> dict:
    """The part of a WSGI environment that is data: method, path, query, headers."""
    return {
        key: value
        for key, value in environ.items()
        if isinstance(value, (str, dict)) and not key.startswith(("wsgi.", "werkzeug."))
    }


def _wsgi() -> dict:
    return {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _read_body(environ) -> bytes:
    if environ.get("wsgi.input_terminated"):
        return environ["wsgi.input"].read()
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return environ["wsgi.input"].read(length) if length > 0 else b""
