// SPDX-License-Identifier: Apache-2.0
//
// test.Service without generated code: messages are bytes. Both the client and the server are made from this.
'use strict';

const same = (value) => value;

function method(name, requestStream, responseStream) {
  return {
    path: `/test.Service/${name}`, requestStream, responseStream, requestSerialize: same, requestDeserialize: same,
    responseSerialize: same, responseDeserialize: same,
  };
}

exports.definition = {
  Unary: method('Unary', false, false),
  Collect: method('Collect', true, false),
  Count: method('Count', false, true),
  Chat: method('Chat', true, true),
  Fail: method('Fail', false, false),
  Hang: method('Hang', false, true),
  Cancels: method('Cancels', false, false),
};

// Both peers must take what the tests send.
exports.options = {'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1, 'grpc.enable_http_proxy': 0};

exports.message = 'naïve ☃ 100% %41';
exports.details = Buffer.from([0x08, 0x09, 0x12, 0x04, 0x74, 0x65, 0x78, 0x74, 0x00, 0xff]);
