#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# A small Python client for echo_server.py behind a proxy: says which endpoint answered each call.
# usage: call.py ADDRESS [--count N] [--caller NAME]
import argparse
import collections

import grpc


def main():
    parser = argparse.ArgumentParser(description="Calls /demo.Echo/Whoami and says which endpoint answered.")
    parser.add_argument("address")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--caller", default="me", help="sent as metadata x-caller")
    arguments = parser.parse_args()
    answers = collections.Counter()
    with grpc.insecure_channel(arguments.address, [("grpc.enable_http_proxy", 0)]) as channel:
        call = channel.unary_unary("/demo.Echo/Whoami")
        for _ in range(arguments.count):
            try:
                answers[call(b"", timeout=10, metadata=(("x-caller", arguments.caller),)).decode()] += 1
            except grpc.RpcError as error:
                answers[f"{error.code().name}: {error.details()}"] += 1
    for answer, count in answers.most_common():
        print(f"{count:6d}  {answer}")


if __name__ == "__main__":
    main()
