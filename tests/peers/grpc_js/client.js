// SPDX-License-Identifier: Apache-2.0
//
// A gRPC client over npm's @grpc/grpc-js: runs every case against ADDRESS and prints "ok NAME", or "not ok NAME" and why.
// usage: client.js ADDRESS
'use strict';

const assert = require('assert');
const grpc = require('@grpc/grpc-js');
const service = require('./service.js');

const Client = grpc.makeGenericClientConstructor(service.definition, 'test.Service');
const credentials = grpc.credentials.createInsecure();
const client = new Client(process.argv[2], credentials, service.options);

// One unary or client-streaming call: `send(callback)` starts it. Resolves with all that came back.
function answer(send) {
  return new Promise((resolve, reject) => {
    let initial = null;
    const call = send((error, value) => error ? reject(error) : (resolve.value = value));
    call.on('metadata', (metadata) => { initial = metadata; });
    call.on('status', (status) => { if (status.code === grpc.status.OK) resolve({value: resolve.value, initial, status}); });
  });
}

// All messages of a streaming call, and its status.
function all(call) {
  return new Promise((resolve) => {
    const messages = [];
    call.on('data', (message) => messages.push(message.toString()));
    call.on('error', () => {});
    call.on('status', (status) => resolve({messages, status}));
  });
}

async function fails(promise, code) {
  const error = await promise.then(() => null, (why) => why);
  assert(error, 'it succeeded');
  assert.strictEqual(error.code, code, error.message);
  return error;
}

const numbers = (count) => Array.from({length: count}, (_, index) => String(index));

const cases = {
  async unary() {
    const {value} = await answer((done) => client.Unary(Buffer.from('hello'), done));
    assert.strictEqual(value.toString(), 'hello');
  },
  async client_streaming() {
    const {value} = await answer((done) => {
      const call = client.Collect(done);
      numbers(100).forEach((text) => call.write(Buffer.from(text)));
      call.end();
      return call;
    });
    assert.strictEqual(value.toString(), numbers(100).join(''));
  },
  async server_streaming() {
    const {messages, status} = await all(client.Count(Buffer.from('200')));
    assert.deepStrictEqual(messages, numbers(200));
    assert.strictEqual(status.code, grpc.status.OK);
  },
  async bidirectional_streaming() {
    const call = client.Chat();
    const ended = all(call);
    for (const text of numbers(50)) {
      const echoed = new Promise((resolve) => call.once('data', resolve));
      call.write(Buffer.from(text));
      assert.strictEqual((await echoed).toString(), text);
    }
    call.end();
    const {messages, status} = await ended;
    assert.deepStrictEqual(messages, numbers(50));
    assert.strictEqual(status.code, grpc.status.OK);
  },
  async metadata() {
    const sent = new grpc.Metadata();
    const binary = Buffer.from(Array.from({length: 256}, (_, index) => index));
    sent.add('x-text', 'one');
    sent.add('x-text', 'two');
    sent.add('x-raw-bin', binary);
    const {initial, status} = await answer((done) => client.Unary(Buffer.from('x'), sent, done));
    for (const metadata of [initial, status.metadata]) {
      assert.deepStrictEqual(metadata.get('x-text').join(', '), 'one, two');
      assert.deepStrictEqual(metadata.get('x-raw-bin'), [binary]);
    }
  },
  async error_with_details() {
    const error = await fails(answer((done) => client.Fail(Buffer.from('x'), done)), grpc.status.FAILED_PRECONDITION);
    assert.strictEqual(error.details, service.message);
    assert.deepStrictEqual(error.metadata.get('grpc-status-details-bin'), [service.details]);
  },
  async unknown_method() {
    const call = (done) => client.makeUnaryRequest('/test.Service/None', (b) => b, (b) => b, Buffer.from('x'), done);
    await fails(answer(call), grpc.status.UNIMPLEMENTED);
  },
  async deadline() {
    const {status} = await all(client.Hang(Buffer.from('x'), {deadline: Date.now() + 300}));
    assert.strictEqual(status.code, grpc.status.DEADLINE_EXCEEDED);
  },
  async cancel() {
    const count = async () => Number((await answer((done) => client.Cancels(Buffer.from('x'), done))).value);
    const before = await count();
    const call = client.Hang(Buffer.from('x'));
    const ended = all(call);
    await new Promise((resolve) => call.once('metadata', resolve));
    call.cancel();
    assert.strictEqual((await ended).status.code, grpc.status.CANCELLED);
    while (await count() === before);
  },
  async large_messages() {
    const large = Buffer.alloc(8 << 20, 'large ');
    const {value} = await answer((done) => client.Unary(large, done));
    assert(value.equals(large));
  },
  async compression() {
    const packing = new Client(process.argv[2], credentials, {...service.options, 'grpc.default_compression_algorithm': 2});
    const text = Buffer.alloc(100000, 'compress me ');
    const {value} = await answer((done) => packing.Unary(text, done));
    assert(value.equals(text));
    packing.close();
  },
  async many_at_once() {
    const answers = await Promise.all(numbers(300).map((text) => answer((done) => client.Unary(Buffer.from(text), done))));
    assert.deepStrictEqual(answers.map(({value}) => value.toString()), numbers(300));
  },
};

async function main() {
  let failed = 0;
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run();
      console.log(`ok ${name}`);
    } catch (error) {
      ++failed;
      console.log(`not ok ${name}: ${error.stack}`);
    }
  }
  client.close();
  process.exit(failed ? 1 : 0);
}

main();
