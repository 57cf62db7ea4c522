# SPDX-License-Identifier: Apache-2.0
#
# What a transparent gRPC relay must keep, in a line each: the rows of the README's table. Every case of this folder
# carries the number of the rule that it shows.

RULES = {
    1: "Headers leave as they arrive, before the first message",
    2: "Trailers-Only stays that; trailers never become an empty DATA",
    3: "Initial metadata and an error status both arrive",
    4: "Status, message and details byte for byte",
    5: "Binary values untouched; order among equal names",
    6: "Unknown `grpc-` keys, `user-agent`, content subtypes; 415 for what is not gRPC",
    7: "`te` stays, connection headers go, 1xx is skipped",
    8: "Path and authority stay, the scheme is the upstream's",
    9: "DATA borders are not message borders",
    10: "Compressed messages untouched",
    11: "No message limit; memory does not grow with messages",
    12: "Half-close is independent in each direction",
    13: "A server that finishes first is heard to the end",
    14: "Cancels and resets reach the other side with their code",
    15: "The relay's own failures are gRPC statuses",
    16: "Deadlines are forwarded, shrunk and enforced",
    17: "Made again only if provably not processed",
    18: "GOAWAY moves new calls and keeps the old, both ways",
    19: "The upstream's stream limit loses no call",
    20: "No PINGs upstream, patience with the clients'",
    21: "Back-pressure reaches the sender, and nobody else",
    22: "Large header lists pass; oversized ones cost one call",
    23: "HPACK state is per connection; never-indexed stays",
    24: "No time limit that nobody asked for",
    25: "A call's slot is given back once on every exit",
    26: "10,000 cancels are fine; floods are bounded and told to calm down",
    27: "Calls on an old set of endpoints go on when the set changes",
}
