"""A TLS client that asks for new keys again and again, as Python's own can't: OpenSSL by hand."""

import _ssl
import ctypes
from typing import Any

_library = ctypes.CDLL(_ssl.__file__)  # and what it is linked with

_POINTER, _INT = ctypes.c_void_p, ctypes.c_int

UPDATE_REQUESTED = 1
"""SSL_KEY_UPDATE_REQUESTED: and the other side must answer with new keys of its own."""


def _function(name: str, result: Any, *arguments: Any) -> Any:
    found = getattr(_library, name)
    found.restype, found.argtypes = result, arguments
    return found


_client_method = _function("TLS_client_method", _POINTER)
_context_new = _function("SSL_CTX_new", _POINTER, _POINTER)
_new = _function("SSL_new", _POINTER, _POINTER)
_memory = _function("BIO_s_mem", _POINTER)
_bio_new = _function("BIO_new", _POINTER, _POINTER)
_bio_read = _function("BIO_read", _INT, _POINTER, ctypes.c_char_p, _INT)
_bio_write = _function("BIO_write", _INT, _POINTER, ctypes.c_char_p, _INT)
_set_bio = _function("SSL_set_bio", None, _POINTER, _POINTER, _POINTER)
_set_connect_state = _function("SSL_set_connect_state", None, _POINTER)
_do_handshake = _function("SSL_do_handshake", _INT, _POINTER)
_key_update = _function("SSL_key_update", _INT, _POINTER, _INT)
_write = _function("SSL_write", _INT, _POINTER, ctypes.c_char_p, _INT)


class Rekeying:
    """One connection's bytes, without I/O. Nothing is ever freed: there is one a test."""

    def __init__(self) -> None:
        self._tls = _new(_context_new(_client_method()))
        self._from_server, self._to_server = _bio_new(_memory()), _bio_new(_memory())
        _set_bio(self._tls, self._from_server, self._to_server)
        _set_connect_state(self._tls)

    def handshake(self, received: bytes) -> tuple[bytes, bool]:
        """Take in what the server said: what to say, and whether it is done."""
        if received:
            _bio_write(self._from_server, received, len(received))
        done = _do_handshake(self._tls) == 1
        return self._said(), done

    def new_keys(self, count: int) -> bytes:
        """So many demands for new keys."""
        for _ in range(count):
            assert _key_update(self._tls, UPDATE_REQUESTED) == 1
            assert _do_handshake(self._tls) == 1
        return self._said()

    def said(self, data: bytes) -> bytes:
        """Data, encrypted."""
        assert _write(self._tls, data, len(data)) == len(data)
        return self._said()

    def _said(self) -> bytes:
        said, room = b"", ctypes.create_string_buffer(65_536)
        while (count := _bio_read(self._to_server, room, len(room))) > 0:
            said += room.raw[:count]
        return said
