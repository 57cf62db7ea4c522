# SPDX-License-Identifier: Apache-2.0
#
# What only frames show: both peers are raw HTTP/2, and what one sent is compared with what the other saw.
import socket

import h2.settings

import harness  # puts tests/peers on the path
import h2peer
from h2peer import frame, unframe
from harness import WAIT_S, proxy_only, wait_until

CANCEL = 8
LIMIT = h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS


class WireTest(harness.ProxyTest):
    def serve(self, script, settings=None, **config):
        self.server = self.own(h2peer.Server(script, settings))
        self.target = self.start([self.server], **config)
        return self.connect()

    def connect(self):
        connection = h2peer.connect(self.target.address)
        self.addCleanup(connection.close)
        return connection

    def answer(self, stream):
        """The script of most tests: one answer when the request has ended."""
        stream.wait_closed()
        h2peer.reply(stream, [payload for _, payload in unframe(stream.data)])

    def call(self, connection, headers=(), message=b"x", path="/test.Service/Echo", **arguments):
        stream = connection.request(path, headers, **arguments)
        stream.send_data(frame(message), end=True)
        return stream.wait_closed()

    # Shape

    def test_response_has_the_shape_of_a_response(self):
        """Rule 2: headers, data, trailers; never an empty DATA that ends the stream."""
        stream = self.call(self.serve(self.answer))
        self.assertEqual((stream.order[0], stream.order[-1]), ("headers", "headers+end"))
        self.assertEqual(set(stream.order[1:-1]), {"data"})
        self.assertEqual(stream.header("grpc-status", -1), [b"0"])

    def test_trailers_only_stays_trailers_only(self):
        """Rule 2: one block with END_STREAM."""
        def script(stream):
            stream.wait_closed()
            stream.send_headers([*h2peer.Server.RESPONSE, (b"grpc-status", b"5"), (b"grpc-message", b"none")], end=True)
        stream = self.call(self.serve(script))
        self.assertEqual((stream.header("grpc-status", -1), stream.header("grpc-message", -1)), ([b"5"], [b"none"]))
        self.assert_kept("trailers_only", stream.order == ["headers+end"], stream.order)

    @proxy_only
    def test_own_failure_is_trailers_only_with_http_200(self):
        """Rule 15."""
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            self.target = self.start(["127.0.0.1:%d" % nobody.getsockname()[1]])
            stream = self.call(self.connect())
        self.assertEqual(stream.order, ["headers+end"])
        self.assertEqual((stream.header(":status"), stream.header("grpc-status")), ([b"200"], [b"14"]))

    # Headers

    def test_grpc_message_passes_byte_for_byte(self):
        """Rule 4: an unusual percent-encoding is not re-encoded."""
        message = b"caf%c3%a9 %41 100%"
        def script(stream):
            stream.wait_closed()
            h2peer.reply(stream, [], 3, [(b"grpc-message", message)])
        got = self.call(self.serve(script)).header("grpc-message", -1)
        self.assert_kept("grpc_message_bytes", got == [message], got)

    def test_unknown_grpc_keys_pass(self):
        """Rule 6."""
        sent = [(b"grpc-previous-rpc-attempts", b"2"), (b"grpc-foo", b"bar"),
                (b"grpc-accept-encoding", b"identity,gzip"), (b"grpc-tags-bin", b"AAEC"), (b"grpc-trace-bin", b"AwQF")]
        def script(stream):
            stream.wait_closed()
            h2peer.reply(stream, [b""], 0, [(b"grpc-retry-pushback-ms", b"15"), (b"grpc-bar", b"foo")])
        stream = self.call(self.serve(script), sent)
        seen = self.server.streams[0]
        for name, value in sent:
            self.assert_kept(name.decode(), [v.rstrip(b"=") for v in seen.header(name.decode())] == [value],
                             seen.headers)
        for name, value in (("grpc-retry-pushback-ms", b"15"), ("grpc-bar", b"foo")):
            self.assert_kept(name, stream.header(name, -1) == [value], stream.blocks)

    def test_user_agent_passes(self):
        """Rule 6."""
        self.call(self.serve(self.answer), [(b"user-agent", b"shop/1.0 (custom)")])
        seen = self.server.streams[0].header("user-agent")
        self.assert_kept("user_agent", seen == [b"shop/1.0 (custom)"], seen)

    def test_content_subtype_passes(self):
        """Rule 6: every application/grpc+… is gRPC."""
        def script(stream):
            stream.wait_closed()
            stream.send_headers([(b":status", b"200"), (b"content-type", b"application/grpc+json")])
            stream.send_headers([(b"grpc-status", b"0")], end=True)
        stream = self.call(self.serve(script), content_type=b"application/grpc+json")
        seen = self.server.streams[0].header("content-type") + stream.header("content-type")
        self.assert_kept("content_subtype", seen == [b"application/grpc+json"] * 2, seen)

    @proxy_only
    def test_content_that_is_not_grpc_gets_415(self):
        """Rule 6. Whatever the answer, the proxy must live."""
        connection = self.serve(self.answer)
        stream = self.call(connection, content_type=b"text/html")
        refused = stream.blocks and stream.header(":status") == [b"415"]
        self.assert_kept("unsupported_media_type", refused, stream.blocks)
        self.assertEqual(self.call(self.connect()).header("grpc-status", -1), [b"0"])

    def test_te_trailers_stays(self):
        """Rule 7."""
        self.call(self.serve(self.answer))
        self.assertEqual(self.server.streams[0].header("te"), [b"trailers"])

    def test_path_and_authority_stay(self):
        """Rule 8."""
        self.call(self.serve(self.answer), path="/Shop.V1.CamelCase/GetIt", authority=b"shop.example:8443")
        seen = self.server.streams[0]
        self.assertEqual(seen.header(":path"), [b"/Shop.V1.CamelCase/GetIt"])
        self.assertEqual(seen.header(":scheme"), [b"http"])
        self.assert_kept("authority", seen.header(":authority") == [b"shop.example:8443"], seen.headers)

    # Messages

    def test_prefix_split_into_single_bytes_is_one_message(self):
        """Rule 9: DATA boundaries are not message boundaries."""
        stream = self.serve(self.answer).request("/test.Service/Echo")
        for byte in frame(b"hello") + frame(b"") + frame(b"again"):
            stream.send_data(bytes([byte]))
        stream.send_data(b"", end=True)
        stream.wait_closed()
        self.assertEqual([p for _, p in unframe(stream.data)], [b"hello", b"", b"again"])

    def test_many_messages_in_one_data_frame_are_many(self):
        """Rule 9."""
        sent = [b"%d" % i for i in range(500)]
        stream = self.serve(self.answer).request("/test.Service/Echo")
        stream.send_data(b"".join(frame(m) for m in sent), end=True)
        stream.wait_closed()
        self.assertEqual([p for _, p in unframe(stream.data)], sent)

    # Time

    def test_timeout_is_forwarded_and_not_longer(self):
        """Rule 16."""
        self.call(self.serve(self.answer), [(b"grpc-timeout", b"20S")])
        text = self.server.streams[0].header("grpc-timeout")[0].decode()
        self.assertLessEqual(len(text), 9)
        seconds = int(text[:-1]) * {"H": 3600, "M": 60, "S": 1, "m": 1e-3, "u": 1e-6, "n": 1e-9}[text[-1]]
        self.assertTrue(18 < seconds <= 20, text)

    def test_no_timeout_stays_none(self):
        """Rules 16 and 24."""
        self.call(self.serve(self.answer))
        self.assertEqual(self.server.streams[0].header("grpc-timeout"), [])

    def test_answer_of_the_server_to_its_deadline_wins(self):
        """Rule 16: a small grace, so that its own DEADLINE_EXCEEDED arrives."""
        def script(stream):
            with stream.connection.changed:
                stream.connection.changed.wait_for(lambda: stream.reset_code is not None, 0.31)
            h2peer.reply(stream, [], 4, [(b"grpc-message", b"from the server itself")])
        stream = self.call(self.serve(script), [(b"grpc-timeout", b"300m")])
        got = stream.header("grpc-message", -1) if stream.blocks else []
        self.assert_kept("deadline_grace", got == [b"from the server itself"], stream.blocks)

    # Connections

    def test_reset_by_the_client_reaches_the_upstream(self):
        """Rule 14."""
        connection = self.serve(lambda stream: stream.wait_closed(60))
        stream = connection.request("/test.Service/Hang")
        wait_until(lambda: self.server.streams, "the call upstream")
        stream.reset(CANCEL)
        self.assertEqual(self.server.streams[0].wait_reset(), CANCEL)

    def test_lost_connection_of_the_client_cancels_upstream(self):
        """Rule 14."""
        connection = self.serve(lambda stream: stream.wait_closed(60))
        connection.request("/test.Service/Hang")
        wait_until(lambda: self.server.streams, "the call upstream")
        connection.close()
        self.server.streams[0].wait_reset()

    @proxy_only
    def test_goaway_of_the_upstream_moves_new_calls_to_a_new_connection(self):
        """Rule 18: the old call finishes, the next one opens a replacement."""
        def script(stream):
            stream.wait_messages(1)
            if stream is self.server.streams[0]:
                stream.connection.send_goaway(stream.id)
            stream.wait_closed(60)
            h2peer.reply(stream)
        connection = self.serve(script, pool={"loose": {"size": 1, "max_size": 1}}, workers=1)
        first = connection.request("/test.Service/Echo")
        first.send_data(frame(b"x"))
        wait_until(lambda: self.server.streams, "the first call upstream")
        connections = lambda: self.target.stats()["endpoints"][0]["connections"]
        wait_until(lambda: connections()["draining"] or connections()["opened"] > 1, connections)
        second = self.call(connection)
        first.send_data(b"", end=True)
        first.wait_closed()
        self.assertEqual((first.header("grpc-status", -1), second.header("grpc-status", -1)), ([b"0"], [b"0"]))
        self.assertEqual(len(self.server.connections), 2)

    @proxy_only
    def test_call_beyond_the_goaways_last_stream_is_made_again(self):
        """Rule 17: the upstream has provably not touched it."""
        def script(stream):
            if stream.id == 1 and stream.connection is self.server.connections[0]:
                stream.wait(lambda s: 3 in s.connection.streams, "the second call")
                stream.connection.send_goaway(1)
            if stream.id == 1:
                stream.wait_closed()
                h2peer.reply(stream)
        connection = self.serve(script, pool={"loose": {"size": 1, "max_size": 1}}, workers=1)
        first = connection.request("/test.Service/Echo")
        first.send_data(frame(b"x"), end=True)
        wait_until(lambda: self.server.streams, "the first call upstream")
        second = self.call(connection)
        codes = (first.wait_closed().header("grpc-status", -1), second.header("grpc-status", -1))
        self.assert_kept("retry_beyond_goaway", codes == ([b"0"], [b"0"]), second.blocks)

    @proxy_only
    def test_stream_limit_of_the_upstream_is_kept(self):
        """Rule 19: more calls than the peer allows wait, and all of them are answered."""
        live, most = set(), []
        def script(stream):
            live.add(stream)
            most.append(len(live))
            stream.wait_closed()
            live.discard(stream)
            h2peer.reply(stream)
        connection = self.serve(script, {LIMIT: 2}, workers=1, pool={"loose": {"size": 1, "max_size": 1}},
                                timeouts={"queue": "15s"})
        streams = [connection.request("/test.Service/Echo") for _ in range(50)]
        for stream in streams:
            stream.send_data(frame(b"x"), end=True)
        for stream in streams:
            self.assertEqual(stream.wait_closed().header("grpc-status", -1), [b"0"])
        self.assertLessEqual(max(most), 2)

    # Hostile peers

    @proxy_only
    def test_bad_header_names_and_values_do_not_end_the_proxy(self):
        """A name or value that grpc++ would abort on is refused or dropped; the next call is fine."""
        bad = ([(b"X-Upper", b"1")], [(b":unknown", b"1")], [(b"x-bad name", b"1")], [(b"x-value", b"a\nb")],
               [(b"", b"empty name")], [(b"x-null", b"a\0b")], [(b"x-broken-bin", b"*not base64*")],
               [(b"x-latin", b"\xe9t\xe9")], [(b"grpc-timeout", b"soon")], [(b"grpc-encoding", b"nonsense")])
        self.serve(self.answer)
        for headers in bad:
            with self.subTest(headers):
                try:
                    self.call(self.connect(), headers)
                except (OSError, TimeoutError):
                    pass
                self.assertTrue(self.target.running(), self.target.log())
                self.assertEqual(self.call(self.connect()).header("grpc-status", -1), [b"0"])

    @proxy_only
    def test_bad_headers_of_an_upstream_do_not_end_the_proxy(self):
        bad = ([(b"X-Upper", b"1")], [(b":unknown", b"1")], [(b"x-bad name", b"1")], [(b"x-value", b"a\nb")],
               [(b"x-broken-bin", b"*not base64*")], [(b"grpc-status", b"seventy")], [(b"x-latin", b"\xe9t\xe9")])
        def script(stream):
            stream.wait_closed()
            index = int(stream.header("x-case")[0])
            extra = bad[index] if index < len(bad) else []
            h2peer.reply(stream, [b"x"], 0, trailers=extra, headers=extra)
        connection = self.serve(script)
        for index, headers in enumerate(bad):
            with self.subTest(headers):
                self.call(connection, [(b"x-case", b"%d" % index)])
                self.assertTrue(self.target.running(), self.target.log())
                good = self.call(self.connect(), [(b"x-case", b"99")])
                self.assertEqual(good.header("grpc-status", -1), [b"0"])


if __name__ == "__main__":
    harness.main()
