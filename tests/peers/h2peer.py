# SPDX-License-Identifier: Apache-2.0
#
# Raw HTTP/2 peers over python3-h2: a server and a client that show every header block, DATA frame and reset
# as it came, and can send what no gRPC library would. Each connection has a reader thread; a server also runs
# its script in one thread per stream. gRPC is five bytes of prefix here, and nothing else.
import socket
import struct
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
import hyperframe.frame

WAIT_S = 10
WINDOW = 1 << 20
MOST_HEADERS = 1 << 20


def frame(message, compressed=False):
    """A gRPC message as it stands on the wire."""
    return struct.pack(">BI", int(compressed), len(message)) + message


def unframe(data):
    """All complete messages in `data`, as (compressed, payload)."""
    messages = []
    while len(data) >= 5:
        compressed, size = struct.unpack(">BI", data[:5])
        if len(data) < 5 + size:
            break
        messages.append((bool(compressed), data[5:5 + size]))
        data = data[5 + size:]
    return messages


class Stream:
    """One stream as seen from this side. `blocks` are the header blocks received, as lists of byte pairs."""

    def __init__(self, connection, stream_id):
        self.connection, self.id = connection, stream_id
        self.blocks, self.data, self.never_indexed = [], b"", set()
        self.ended, self.reset_code, self.lost = False, None, False
        self.taking = True  # else what comes is not credited to its sender; a connection has the same
        self.order = []  # "headers", "informational", "data", "reset" as they came; "+end" where END_STREAM was set

    @property
    def headers(self):
        return self.blocks[0]

    @property
    def messages(self):
        """The payloads of all complete messages so far."""
        return [payload for _, payload in unframe(self.data)]

    def header(self, name, block=0):
        """All values of `name` in a header block, in order."""
        return [v for k, v in self.blocks[block] if k == name.encode()]

    def wait(self, condition, what="something", timeout=WAIT_S):
        with self.connection.changed:
            if not self.connection.changed.wait_for(lambda: condition(self), timeout):
                raise TimeoutError(f"stream {self.id} waited {timeout} s for {what}; it has seen {self.order}")
        return self

    def wait_closed(self, timeout=WAIT_S):
        return self.wait(lambda s: s.ended or s.reset_code is not None or s.lost, "its end", timeout)

    def wait_reset(self, timeout=WAIT_S):
        self.wait(lambda s: s.reset_code is not None or s.lost, "a reset", timeout)
        return self.reset_code

    def wait_messages(self, count, timeout=WAIT_S):
        self.wait(lambda s: len(unframe(s.data)) >= count, f"{count} messages", timeout)
        return [payload for _, payload in unframe(self.data)]

    def send_headers(self, headers, end=False):
        self.connection.act(lambda h: h.send_headers(self.id, headers, end_stream=end))

    def send_data(self, data, end=False):
        """Sends within the peer's windows, and waits for them."""
        while True:
            with self.connection.changed:
                room = lambda: self.reset_code is not None or self.connection.window(self.id) > 0 or not data
                if not self.connection.changed.wait_for(room, WAIT_S) or self.reset_code is not None:
                    raise BrokenPipeError(f"stream {self.id} cannot send; it has seen {self.order} {self.blocks[-1:]}")
                size = min(len(data), self.connection.window(self.id), 16384)
                chunk, data = data[:size], data[size:]  # under the lock, for other streams share the connection's window
                self.connection.act(lambda h: h.send_data(self.id, chunk, end_stream=end and not data))
            if not data:
                return

    def reset(self, code):
        self.connection.act(lambda h: h.reset_stream(self.id, code))


class Connection:
    """One HTTP/2 connection with prior knowledge. `on_request` makes it a server's."""

    def __init__(self, sock, on_request=None, settings=None, gate=None):
        """`gate` is an event that it waits for before it says or hears anything."""
        self.sock, self.on_request, self.gate = sock, on_request, gate
        self.changed = threading.Condition(threading.RLock())
        self.streams, self.goaways, self.closed = {}, [], False
        self.goaway_at = None  # the first's time
        self.taking, self.pings, self.pongs = True, 0, 0
        self.on_goaway = None  # called with the connection, by its reader
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=on_request is None, header_encoding=None, validate_inbound_headers=False,
            normalize_inbound_headers=False, validate_outbound_headers=False, normalize_outbound_headers=False))
        self._survive_goaway()
        codes = h2.settings.SettingCodes
        self.h2.local_settings = h2.settings.Settings(client=on_request is None, initial_values={
            codes.INITIAL_WINDOW_SIZE: WINDOW, codes.MAX_HEADER_LIST_SIZE: MOST_HEADERS, **(settings or {})})
        self.h2.decoder.max_header_list_size = MOST_HEADERS
        if gate is None:
            self._greet()
        threading.Thread(target=self._read, daemon=True).start()

    def _greet(self):
        self.act(lambda h: h.initiate_connection())
        self.act(lambda h: h.increment_flow_control_window(WINDOW))

    def act(self, what):
        with self.changed:
            what(self.h2)
            out = self.h2.data_to_send()
            if out:
                self.sock.sendall(out)

    def _survive_goaway(self):
        """python3-h2 takes GOAWAY for the end of everything; it is the end of new streams only (RFC 9113, 6.8)."""
        table = self.h2._frame_dispatch_table
        receive = table[hyperframe.frame.GoAwayFrame]

        def receive_and_go_on(frame):
            state = self.h2.state_machine.state
            answer = receive(frame)
            self.h2.state_machine.state = state
            return answer
        table[hyperframe.frame.GoAwayFrame] = receive_and_go_on

    @property
    def goaway(self):
        """The last GOAWAY that came."""
        return self.goaways[-1] if self.goaways else None

    def wait(self, condition, what="something", timeout=WAIT_S):
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self) or self.closed, timeout) or not condition(self):
                raise TimeoutError(f"the connection waited {timeout} s for {what}; closed: {self.closed}")

    def ping(self):
        """Returns when the peer has answered: it has seen all that was sent before."""
        with self.changed:
            wanted = self.pongs + 1
            self.sock.sendall(hyperframe.frame.PingFrame(0, b"12345678").serialize())
        self.wait(lambda c: c.pongs >= wanted, "the answer to a PING")

    def send_goaway(self, last_stream_id, code=0, why=b""):
        """The old streams go on."""
        self.send_raw(hyperframe.frame.GoAwayFrame(0, last_stream_id=last_stream_id, error_code=code,
                                                   additional_data=why).serialize())

    def window(self, stream_id):
        with self.changed:
            try:
                return self.h2.local_flow_control_window(stream_id)
            except h2.exceptions.ProtocolError:
                return 0

    def send_raw(self, data):
        with self.changed:
            self.sock.sendall(data)

    def close(self):
        """Cuts the connection without a word."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def request(self, path, headers=(), end=False, authority=b"test.example", content_type=b"application/grpc",
                scheme=b"http"):
        with self.changed:
            stream = Stream(self, self.h2.get_next_available_stream_id())
            self.streams[stream.id] = stream
        block = [(b":method", b"POST"), (b":scheme", scheme), (b":path", path.encode()), (b":authority", authority),
                 (b"content-type", content_type), (b"te", b"trailers"), *headers]
        stream.send_headers(block, end)
        return stream

    def _read(self):
        try:
            if self.gate is not None and self.gate.wait(WAIT_S):
                self._greet()
            while data := self.sock.recv(65536):
                with self.changed:
                    for event in self.h2.receive_data(data):
                        self._take(event)
                    out = self.h2.data_to_send()
                    if out:
                        self.sock.sendall(out)
                    self.changed.notify_all()
        except (OSError, h2.exceptions.ProtocolError):
            pass
        with self.changed:
            self.closed = True
            for stream in self.streams.values():
                stream.lost = not stream.ended and stream.reset_code is None
            self.changed.notify_all()

    def _take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.streams[event.stream_id] = Stream(self, event.stream_id)
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaways.append(event)
            self.goaway_at = self.goaway_at or time.monotonic()
            if self.on_goaway:
                self.on_goaway(self)
        self.pings += isinstance(event, h2.events.PingReceived)
        self.pongs += isinstance(event, h2.events.PingAckReceived)
        stream = self.streams.get(getattr(event, "stream_id", None))
        if stream is None:
            return
        end = getattr(event, "stream_ended", None) is not None
        mark = "+end" if end else ""
        if isinstance(event, (h2.events.RequestReceived, h2.events.ResponseReceived, h2.events.TrailersReceived)):
            stream.blocks.append([(bytes(k), bytes(v)) for k, v in event.headers])
            stream.never_indexed |= {bytes(field[0]) for field in event.headers if not field.indexable}
            stream.order.append("headers" + mark)
        elif isinstance(event, h2.events.InformationalResponseReceived):
            stream.order.append("informational")
        elif isinstance(event, h2.events.DataReceived):
            stream.data += event.data
            stream.order.append("data" + mark)
            if event.flow_controlled_length and self.taking and stream.taking:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            stream.reset_code = int(event.error_code)
            stream.order.append("reset")
        stream.ended = stream.ended or end
        if isinstance(event, h2.events.RequestReceived):
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream):
        try:
            self.on_request(stream)
        except (OSError, TimeoutError, h2.exceptions.ProtocolError):
            pass


def connect(address, settings=None):
    """A client's connection to `host:port`."""
    host, port = address.rsplit(":", 1)
    return Connection(socket.create_connection((host, int(port)), WAIT_S), settings=settings)


class Server:
    """Runs `script(stream)` for every request; `connections` are those accepted, in order."""

    RESPONSE = [(b":status", b"200"), (b"content-type", b"application/grpc")]

    def __init__(self, script, settings=None, gate=None, port=0):
        self.script, self.settings, self.gate, self.connections, self.streams = script, settings, gate, [], []
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(Connection(sock, self._run, self.settings, self.gate))

    def _run(self, stream):
        self.streams.append(stream)
        self.script(stream)

    def stop(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in self.connections:
            connection.close()


def reply(stream, messages=(b"",), status=0, trailers=(), headers=()):
    """A whole answer: response headers, messages, trailers."""
    stream.send_headers([*Server.RESPONSE, *headers])
    for message in messages:
        stream.send_data(frame(message))
    stream.send_headers([(b"grpc-status", b"%d" % status), *trailers], end=True)
