// SPDX-License-Identifier: Apache-2.0
//
// A gRPC server over npm's @grpc/grpc-js. Prints "listening PORT" when it serves; ends on SIGTERM.
'use strict';

const grpc = require('@grpc/grpc-js');
const service = require('./service.js');

let cancels = 0;

// What came with an x- name goes back, as initial metadata and as trailers.
function returned(call) {
  const metadata = new grpc.Metadata();
  for (const key of Object.keys(call.metadata.getMap()).filter((name) => name.startsWith('x-'))) {
    call.metadata.get(key).forEach((value) => metadata.add(key, value));
  }
  return metadata;
}

const handlers = {
  Unary(call, reply) {
    call.sendMetadata(returned(call));
    reply(null, call.request, returned(call));
  },
  Collect(call, reply) {
    const parts = [];
    call.on('data', (part) => parts.push(part));
    call.on('end', () => reply(null, Buffer.concat(parts)));
  },
  Count(call) {
    for (let index = 0; index < Number(call.request); ++index) call.write(Buffer.from(String(index)));
    call.end();
  },
  Chat(call) {
    call.on('data', (part) => call.write(part));
    call.on('end', () => call.end());
  },
  Fail(call, reply) {
    const metadata = new grpc.Metadata();
    metadata.set('grpc-status-details-bin', service.details);
    reply({code: grpc.status.FAILED_PRECONDITION, details: service.message, metadata});
  },
  Hang(call) {
    call.sendMetadata(new grpc.Metadata());
    call.on('cancelled', () => ++cancels);
  },
  Cancels(call, reply) {
    reply(null, Buffer.from(String(cancels)));
  },
};

const server = new grpc.Server(service.options);
server.addService(service.definition, handlers);
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening ${port}`);
});
process.on('SIGTERM', () => process.exit(0));
