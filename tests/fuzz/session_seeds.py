#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Writes corpus/session/: inputs of session_fuzz, named after what they do. Run it again when the steps change.
import pathlib

HEADERS, DATA, RESET, WINDOW, SETTINGS, PING, GOAWAY, ANY, BYTES, TURN, PASS, STALL, CLOSE, DRAIN = range(14)
UP, BATCH = 0x80, 0x40  # flags of a step: the upstream's; the next comes in the same turn
END, CUT = 1, 2  # of HEADERS
INITIAL, TRAILERS, ALONE, NOTHING = range(4)  # kinds of blocks
MESSAGE, BROKEN, PADDED = 0, 2, 4  # of DATA


def script(*steps, start=0):
    """Numbers are taken from an input's end, texts from its beginning (libFuzzer's FuzzedDataProvider)."""
    values = [start, *(value for step in steps for value in step)]
    numbers = [value for value in values if not isinstance(value, bytes)]
    texts = [value.replace(b"\\", b"\\\\") + b"\\." for value in values if isinstance(value, bytes)]
    return b"".join(texts) + bytes(reversed(numbers))


def headers(stream, kind, shape=0, peer=0):
    return (HEADERS | peer, stream, shape, kind)


def field(stream, kind, name, value, shape=0, peer=0):
    """A block and one more field, of any name."""
    return (HEADERS | peer, stream, shape, kind | 1 << 2 | 0x10, name, value)


def data(stream, power, shape=0, peer=0):
    """A message of 2^power bytes."""
    return (DATA | peer, stream, power << 4 | shape)


REQUEST, MESSAGE_UP = headers(1, INITIAL), data(1, 5, END)
ASKED = (REQUEST, MESSAGE_UP, (TURN,), (TURN,))
ANSWER = (headers(1, INITIAL, 0, UP), data(1, 6, 0, UP), headers(1, TRAILERS, END, UP), (TURN,))

SEEDS = {
    "call": script(*ASKED, *ANSWER),
    "two-calls": script(*ASKED, *ANSWER, headers(3, ALONE), data(3, 4, END), (TURN,), headers(3, INITIAL, 0, UP),
                        headers(3, TRAILERS, END, UP)),
    "calls-interleaved": script(REQUEST, headers(3, INITIAL), data(1, 12), data(3, 13), (TURN,), headers(3, INITIAL, 0, UP),
                                headers(1, INITIAL, 0, UP), data(1, 4, END), data(3, 4, END), data(3, 9, 0, UP),
                                headers(3, TRAILERS, END, UP), headers(1, TRAILERS, END, UP)),
    "trailers-only": script(*ASKED, headers(1, ALONE, END, UP), (TURN,)),
    "request-trailers": script(REQUEST, data(1, 3), headers(1, TRAILERS, END), (TURN,), *ANSWER),
    "server-finishes-first": script(REQUEST, data(1, 3), (TURN,), (TURN,), *ANSWER, data(1, 3, END)),
    "client-resets": script(*ASKED, headers(1, INITIAL, 0, UP), (RESET, 1, 8), (TURN,)),
    "upstream-resets-before-headers": script(*ASKED, (RESET | UP, 1, 2), (TURN,)),
    "upstream-resets-in-a-message": script(*ASKED, headers(1, INITIAL, 0, UP), (DATA | UP, 1, BROKEN, b"\0\0\0\1\0half"),
                                           (RESET | UP, 1, 11), (TURN,)),
    "upstream-refuses-and-is-asked-again": script(*ASKED, (RESET | UP, 1, 7), (TURN,), headers(3, INITIAL, 0, UP),
                                                  headers(3, TRAILERS, END, UP)),
    "upstream-goes-away": script(*ASKED, (GOAWAY | UP, 0, 0, b"bye"), (TURN,), (TURN,), (TURN,), *ANSWER),
    "too-many-pings": script(*ASKED, (GOAWAY | UP, 1, 11, b"too_many_pings"), *ANSWER),
    "upstream-closes": script(*ASKED, headers(1, INITIAL, 0, UP), data(1, 6, 0, UP), (CLOSE | UP,), (TURN,)),
    "upstream-says-nothing": script(*ASKED, (PASS, 13), (TURN,), start=2),
    "client-closes-and-comes-back": script(*ASKED, (CLOSE, 1), REQUEST, MESSAGE_UP, (TURN,)),
    "client-goes-away": script(*ASKED, (GOAWAY, 0, 0, b""), *ANSWER, (PING, 0)),
    "deadline-before-headers": script(headers(1, ALONE), data(1, 3, END), (TURN,), (PASS, 11), (TURN,)),
    "deadline-after-headers": script(headers(1, ALONE), data(1, 3, END), (TURN,), headers(1, INITIAL, 0, UP),
                                     data(1, 4, 0, UP), (PASS, 11), (TURN,)),
    "idle-stream": script(*ASKED, (PASS, 14), (PASS, 14), (TURN,)),
    "keepalive-ping": script(*ASKED, (PASS, 13), (PASS, 12), (TURN,), (PING | UP, 1), (PASS, 14), (TURN,)),
    "client-stops-reading": script((STALL, 1), *ASKED, headers(1, INITIAL, 0, UP), *[data(1, 14, 0, UP)] * 12,
                                   (STALL, 0), (TURN,), headers(1, TRAILERS, END, UP), (TURN,)),
    "upstream-stops-reading": script(REQUEST, (TURN,), (STALL | UP, 1), *[data(1, 14)] * 12, (STALL | UP, 0), (TURN,)),
    "window-of-zero": script((SETTINGS, 2, 4, 0), *ASKED, *ANSWER, (WINDOW, 1, 12), (TURN,)),
    "no-streams-allowed": script(REQUEST, (TURN,), (SETTINGS | UP, 2, 3, 0), headers(3, INITIAL, END), (TURN,)),
    "drain": script(*ASKED, (DRAIN, 7), (PASS, 6), (TURN,), *ANSWER, (PASS, 11), (TURN,)),
    "drain-is-cut": script(*ASKED, (DRAIN, 7), (PASS, 11), (TURN,), (PASS, 10), (TURN,)),
    "upstream-ends-without-trailers": script(*ASKED, headers(1, INITIAL, 0, UP), data(1, 4, END, UP), (TURN,)),
    "interim-response": script(*ASKED, field(1, NOTHING, b":status", b"103", 0, UP), *ANSWER),
    "malformed-request": script(field(1, INITIAL, b"Upper", b"1"), field(3, INITIAL, b"x", b"a\r\nb"),
                                field(5, INITIAL, b":path", b"/again"), field(7, INITIAL, b"connection", b"close")),
    "malformed-response": script(*ASKED, field(1, INITIAL, b"x\0", b" 1", 0, UP), (TURN,)),
    "malformed-trailers": script(*ASKED, headers(1, INITIAL, 0, UP), data(1, 4, 0, UP),
                                 field(1, TRAILERS, b":status", b"200", END, UP), (TURN,)),
    "wrong-length": script(field(1, INITIAL, b"content-length", b"7"), MESSAGE_UP, (TURN,)),
    "large-headers": script((HEADERS, 1, END | CUT, 0x40), headers(3, INITIAL, END), (TURN,), (TURN,),
                            (HEADERS | UP, 1, CUT, 0x40), (TURN,)),
    "headers-in-two-frames": script(headers(1, INITIAL, CUT | 40), MESSAGE_UP, (TURN,), headers(1, INITIAL, CUT | 16, UP)),
    "no-grpc": script(field(1, NOTHING, b":method", b"GET"), (HEADERS, 3, 0, NOTHING | 3 << 2 | 0x10, b":method", b"GET",
                      b":scheme", b"http", b":path", b"/"), data(3, 3), (PASS, 11), (TURN,)),
    "late-data": script(headers(1, INITIAL, END), data(1, 2), (TURN,)),
    "data-after-reset": script(REQUEST, (RESET, 1, 8), data(1, 2), (TURN,)),
    "old-identifier": script(headers(5, INITIAL, END), headers(3, INITIAL, END)),
    "padding": script(REQUEST, (DATA, 1, PADDED, 2), (DATA, 1, PADDED | BROKEN, b"x", 200)),
    "priority-and-unknown": script((ANY, 2, 0, 3, b"\0\0\0\1\7"), (ANY, 11, 255, 9, b"what"), (ANY, 2, 0, 5, b"\0\0\0\5\1")),
    "promise": script(*ASKED, (ANY | UP, 5, 4, 1, b"\0\0\0\2\x82"), (TURN,)),
    "not-http2": script((BYTES, b"GET / HTTP/1.1\r\n\r\n"), start=1),
    "upstream-speaks-http1": script(*ASKED, (BYTES | UP, b"HTTP/1.1 400 Bad Request\r\n\r\n"), (TURN,), start=2),
}

if __name__ == "__main__":
    folder = pathlib.Path(__file__).resolve().parent / "corpus" / "session"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in SEEDS.items():
        (folder / name).write_bytes(content)
