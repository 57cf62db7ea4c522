# SPDX-License-Identifier: Apache-2.0
#
# A Ruby client with one bidirectional stream: sends a word, waits for its echo, sends the next.
# usage: stream.rb ADDRESS COUNT
require 'grpc'

address, count = ARGV[0], ARGV[1].to_i
identity = ->(bytes) { bytes }
stub = GRPC::ClientStub.new(address, :this_channel_is_insecure)
echoes = Queue.new
words = Enumerator.new do |out|
  count.times do |i|
    out << "word #{i}"
    got = echoes.pop
    raise "sent 'word #{i}', heard '#{got}'" unless got == "word #{i}"
  end
end
stub.bidi_streamer('/demo.Echo/Bidi', words, identity, identity, deadline: Time.now + 20).each { |e| echoes << e }
puts "#{count} words, each echoed before the next was sent"
