#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# A foreign upstream over python3-grpcio's asyncio server, for load and for the demo; no generated code.
# Every method of any service answers: Echo/Unary one message, Bidi each message, Hang never, Whoami the name.
# Prints "listening PORT" when it serves; ends on SIGTERM.
import argparse
import asyncio
import os
import signal

import grpc

OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1),
           ("grpc.max_metadata_size", 1 << 20), ("grpc.so_reuseport", 0)]


class Echo(grpc.GenericRpcHandler):
    def __init__(self, name, delay_s):
        self.name, self.delay_s = name, delay_s

    def service(self, details):
        handler = {"Hang": self.hang, "Whoami": self.whoami}.get(details.method.rsplit("/", 1)[1], self.echo)
        return grpc.stream_stream_rpc_method_handler(handler)

    async def echo(self, requests, context):
        await context.send_initial_metadata((("x-endpoint", self.name),))
        async for request in requests:
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            yield request

    async def whoami(self, requests, context):
        async for _ in requests:
            pass
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        yield self.name.encode()

    async def hang(self, requests, context):
        await context.send_initial_metadata((("x-endpoint", self.name),))
        async for _ in requests:
            pass
        await asyncio.sleep(3600)
        yield b""


async def serve(arguments):
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((Echo(arguments.name, arguments.delay_ms / 1000),))
    port = server.add_insecure_port(f"127.0.0.1:{arguments.port}")
    await server.start()
    print(f"listening {port}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await server.stop(0.2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--name", default=str(os.getpid()))
    parser.add_argument("--delay-ms", type=float, default=0)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
