# SPDX-License-Identifier: Apache-2.0
#
# Rules 5 to 8, 22 and 23: header blocks, as bytes.
import h2.settings
import hpack
from hyperframe.frame import HeadersFrame

import h2peer
from suite import Case, relay_only, rule, seen

TABLE_SIZE = h2.settings.SettingCodes.HEADER_TABLE_SIZE
FIELDS = [(b"x-raw-bin", b"AAEC/w"), (b"x-text", b"one"), (b"x-raw-bin", b"LGEs"), (b"x-text", b"two"),
          (b"x-raw-bin", b"AAEC/w"), (b"x-comma", b"a, b,c"), (b"x-text", b"one"), (b"x-inner", b"two  spaces")]


def grouped(block):
    """The values of each name in order; between different names gRPC promises none."""
    return {name: [v for k, v in block if k == name] for name, _ in FIELDS}


class MetadataCases(Case):
    def reply_with(self, **blocks):
        """An upstream that adds `headers` and `trailers` to its answer."""
        def script(stream):
            stream.wait_closed()
            h2peer.reply(stream, [b""], **blocks)
        return script

    @rule(5)
    def test_request_metadata_arrives_byte_for_byte(self):
        self.assert_ok(self.call(self.serve(), FIELDS))
        self.assertEqual(grouped(self.server.streams[0].headers), grouped(FIELDS))

    @rule(5)
    def test_initial_metadata_arrives_byte_for_byte(self):
        stream = self.call(self.serve(self.reply_with(headers=FIELDS)))
        self.assertEqual(grouped(stream.headers), grouped(FIELDS))

    @rule(5)
    def test_trailing_metadata_arrives_byte_for_byte(self):
        stream = self.call(self.serve(self.reply_with(trailers=FIELDS)))
        self.assertEqual(grouped(stream.blocks[-1]), grouped(FIELDS))

    @rule(5)
    def test_binary_values_keep_their_spelling(self):
        """With padding and without, and several in one value: a relay has no business to decode them."""
        values = [b"AA==", b"AAE,AgM", b"AAECAwQF"]
        self.assert_ok(self.call(self.serve(), [(b"x-raw-bin", value) for value in values]))
        self.assertEqual(self.server.streams[0].header("x-raw-bin"), values)

    @rule(5)
    def test_relay_adds_nothing_to_a_request(self):
        self.call(self.serve(), [(b"x-one", b"1")])
        names = {k for k, _ in self.server.streams[0].headers}
        extra = names - {b":method", b":scheme", b":path", b":authority", b"content-type", b"te", b"x-one"}
        self.assertLessEqual(extra, {b"user-agent", b"host"})

    def assert_request_keeps(self, name, value):
        self.call(self.serve(), [(name, value)])
        self.assertEqual([v.rstrip(b"=") for v in self.upstream_stream().header(name.decode())], [value])

    @rule(6)
    def test_unknown_grpc_keys_pass(self):
        self.assert_request_keeps(b"grpc-foo", b"bar")

    @rule(6)
    def test_count_of_earlier_attempts_passes(self):
        self.assert_request_keeps(b"grpc-previous-rpc-attempts", b"2")

    @rule(6)
    def test_accepted_encodings_pass(self):
        self.assert_request_keeps(b"grpc-accept-encoding", b"identity,zstd")

    @rule(6)
    def test_tracing_keys_pass(self):
        self.assert_request_keeps(b"grpc-trace-bin", b"AwQF")
        self.assertEqual(len(self.server.streams), 1)

    @rule(6)
    def test_tags_pass(self):
        self.assert_request_keeps(b"grpc-tags-bin", b"AAEC")

    @rule(6)
    def test_user_agent_passes(self):
        self.assert_request_keeps(b"user-agent", b"shop/1.0 (custom)")

    @rule(6)
    def test_pushback_and_unknown_trailers_pass(self):
        extra = [(b"grpc-retry-pushback-ms", b"15"), (b"grpc-bar", b"foo")]
        stream = self.call(self.serve(self.reply_with(trailers=extra)))
        self.assertEqual([stream.header(name.decode(), -1) for name, _ in extra], [[b"15"], [b"foo"]])

    @rule(6)
    def test_content_subtype_passes(self):
        """Every application/grpc+… is gRPC."""
        def script(stream):
            stream.wait_closed()
            stream.send_headers([(b":status", b"200"), (b"content-type", b"application/grpc+json")])
            stream.send_headers([(b"grpc-status", b"0")], end=True)
        stream = self.call(self.serve(script), content_type=b"application/grpc+json")
        both = self.server.streams[0].header("content-type") + stream.header("content-type")
        self.assertEqual(both, [b"application/grpc+json"] * 2)

    @rule(6)
    @relay_only
    def test_content_that_is_not_grpc_gets_415(self):
        stream = self.call(self.serve(), content_type=b"text/html")
        self.assertEqual(stream.header(":status") if stream.blocks else seen(stream), [b"415"])

    @rule(6)
    @relay_only
    def test_content_that_is_not_grpc_does_not_end_the_relay(self):
        """grpc++ aborts on it, if it is let in."""
        self.call(self.serve(), content_type=b"text/html")
        self.assert_alive()

    @rule(7)
    def test_te_trailers_stays(self):
        self.call(self.serve())
        self.assertEqual(self.server.streams[0].header("te"), [b"trailers"])

    @rule(7)
    @relay_only
    def test_connection_headers_do_not_reach_the_upstream(self):
        """They are malformed in HTTP/2; whether the call is refused or they are dropped is the relay's to choose."""
        connection = self.serve()
        for name in (b"connection", b"keep-alive", b"proxy-connection", b"upgrade"):
            self.call(connection if not connection.closed else self.connect(), [(name, b"close")])
            self.assertEqual([s.headers for s in self.server.streams if s.header(name.decode())], [])
        self.assert_alive()

    @rule(7)
    def test_informational_responses_are_skipped(self):
        def script(stream):
            stream.wait_closed()
            stream.send_headers([(b":status", b"100")])
            stream.send_headers([(b":status", b"103"), (b"link", b"</a>")])
            h2peer.reply(stream, [b"after"])
        stream = self.call(self.serve(script))
        self.assert_ok(stream)
        self.assertEqual((stream.messages, stream.header(":status")), ([b"after"], [b"200"]))

    @rule(8)
    def test_path_keeps_its_case(self):
        self.call(self.serve(), path="/Shop.V1.CamelCase/GetIt")
        self.assertEqual(self.server.streams[0].header(":path"), [b"/Shop.V1.CamelCase/GetIt"])

    @rule(8)
    def test_authority_stays(self):
        self.call(self.serve(), authority=b"shop.example:8443")
        stream = self.server.streams[0]
        self.assertEqual(stream.header(":authority") or stream.header("host"), [b"shop.example:8443"])

    @rule(8)
    @relay_only
    def test_scheme_is_the_upstreams(self):
        """A client behind something that ended its TLS still says https; the upstream is plaintext."""
        self.call(self.serve(), scheme=b"https")
        self.assertEqual(self.upstream_stream().header(":scheme"), [b"http"])

    # Large lists

    def large(self, count=16, size=4096):
        return [(b"x-large-%d" % i, b"v" * size) for i in range(count)]

    @rule(22)
    def test_request_headers_of_64_KiB_pass(self):
        self.assert_ok(self.call(self.serve(), self.large(15)))
        self.assertEqual(len(self.server.streams[0].header("x-large-14")), 1)

    @rule(22)
    def test_response_headers_and_trailers_of_64_KiB_pass(self):
        stream = self.call(self.serve(self.reply_with(headers=self.large(15), trailers=self.large(15))))
        self.assert_ok(stream)
        self.assertEqual([len(stream.header("x-large-14", block)) for block in (0, -1)], [1, 1])

    @rule(22)
    def test_200_fields_pass(self):
        fields = [(b"x-field-%d" % i, b"v") for i in range(200)]
        self.assert_ok(self.call(self.serve(), fields))
        self.assertLessEqual(set(fields), set(self.server.streams[0].headers))

    @rule(22)
    @relay_only
    def test_oversized_request_headers_fail_one_call(self):
        connection = self.serve()
        other = self.open(connection, message=b"beside")
        self.call(connection, self.large(80, 8000))
        other.send_data(b"", end=True)
        self.assert_ok(other.wait_closed())
        self.assert_ok(self.call(connection))

    @rule(22)
    @relay_only
    def test_oversized_response_headers_fail_one_call(self):
        """Not the upstream connection, which others share."""
        def script(stream):
            stream.wait_closed()
            large = stream.header(":path") == [b"/test.Service/Large"]
            h2peer.reply(stream, [b""], headers=self.large(80, 8000) if large else [])
        connection = self.serve(script)
        other = self.open(connection, message=b"beside")
        self.upstream_stream()
        self.call(connection, path="/test.Service/Large")
        other.send_data(b"", end=True)
        self.assert_ok(other.wait_closed())

    # HPACK

    @rule(23)
    def test_never_indexed_fields_of_a_request_stay_so(self):
        """Who sent them does not want them in any table on the way."""
        self.call(self.serve(), [hpack.NeverIndexedHeaderTuple(b"x-secret", b"s3cret"), (b"x-open", b"1")])
        self.assertIn(b"x-secret", self.server.streams[0].never_indexed)

    @rule(23)
    def test_never_indexed_fields_of_a_response_stay_so(self):
        secret = [hpack.NeverIndexedHeaderTuple(b"x-secret", b"s3cret")]
        stream = self.call(self.serve(self.reply_with(headers=secret, trailers=secret)))
        self.assertIn(b"x-secret", stream.never_indexed)

    @rule(23)
    def test_tables_of_two_connections_do_not_mix(self):
        """Many values that get into each table and out of it again, from two clients to one upstream."""
        clients = [self.serve(), self.connect()]
        for index in range(150):
            fields = [(b"x-turn", b"%d" % index), (b"x-long", b"%d" % (index % 7) * 300)]
            self.assert_ok(self.call(clients[index % 2], fields))
            self.assertEqual([self.server.streams[-1].header(k.decode()) for k, _ in fields], [[v] for _, v in fields])

    @rule(23)
    def test_peers_without_a_table_are_served(self):
        """SETTINGS_HEADER_TABLE_SIZE 0 on both sides."""
        self.serve(settings={TABLE_SIZE: 0})
        connection = self.connect({TABLE_SIZE: 0})
        for index in range(5):
            self.assert_ok(self.call(connection, [(b"x-turn", b"%d" % index)]))

    @rule(23)
    def test_trailers_of_a_reset_call_still_count_for_the_table(self):
        """A block of a stream that is gone changes the table all the same."""
        def script(stream):
            stream.wait_reset()
            with stream.connection.changed:
                block = stream.connection.h2.encoder.encode([(b"grpc-status", b"0"), (b"x-late", b"late value")])
                late = HeadersFrame(stream.id, block, flags=["END_HEADERS", "END_STREAM"])
                stream.connection.send_raw(late.serialize())
        def next_script(stream):
            if stream.header("x-hang"):
                stream.send_headers(h2peer.Server.RESPONSE)
                script(stream)
                return
            stream.wait_closed()
            h2peer.reply(stream, [b""], trailers=[(b"x-late", b"late value")])
        connection = self.serve(next_script)
        for _ in range(3):
            stream = self.open(connection, [(b"x-hang", b"1")], b"x")
            stream.wait(lambda s: s.blocks, "headers")
            stream.reset(8)
            later = self.call(connection)
            self.assert_ok(later)
            self.assertEqual(later.header("x-late", -1), [b"late value"])

    # Hostile peers

    @rule(5)
    @relay_only
    def test_bad_names_and_values_do_not_end_the_relay(self):
        """grpc++'s client aborts on some; refused or dropped, the next call is fine."""
        bad = ([(b"X-Upper", b"1")], [(b":unknown", b"1")], [(b"x-bad name", b"1")], [(b"x-value", b"a\nb")],
               [(b"", b"empty name")], [(b"x-null", b"a\0b")], [(b"x-broken-bin", b"*not base64*")],
               [(b"x-latin", b"\xe9t\xe9")], [(b"grpc-timeout", b"soon")], [(b"grpc-encoding", b"nonsense")])
        self.serve()
        for headers in bad:
            with self.subTest(headers):
                try:
                    self.call(self.connect(), headers)
                except (OSError, TimeoutError):
                    pass
                self.assertTrue(self.target.running(), self.target.log())
                self.assert_alive()

    @rule(5)
    @relay_only
    def test_bad_names_and_values_of_an_upstream_do_not_end_the_relay(self):
        bad = ([(b"X-Upper", b"1")], [(b":unknown", b"1")], [(b"x-bad name", b"1")], [(b"x-value", b"a\nb")],
               [(b"x-broken-bin", b"*not base64*")], [(b"grpc-status", b"seventy")], [(b"x-latin", b"\xe9t\xe9")])
        def script(stream):
            stream.wait_closed()
            index = int(next(iter(stream.header("x-case")), b"99"))
            extra = bad[index] if index < len(bad) else []
            h2peer.reply(stream, [b"x"], 0, trailers=extra, headers=extra)
        self.serve(script)
        for index, headers in enumerate(bad):
            with self.subTest(headers):
                try:
                    self.call(self.connect(), [(b"x-case", b"%d" % index)])
                except TimeoutError:
                    pass
                self.assertTrue(self.target.running(), self.target.log())
                self.assert_alive()
