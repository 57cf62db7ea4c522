// SPDX-License-Identifier: Apache-2.0
//
// How grpc is set up for relaying, on both sides: what it must not limit, what it must bound, and what the host does
// itself and better than grpc's filters (deadlines, connect attempts).
#pragma once

#include <grpcpp/server_builder.h>
#include <grpcpp/support/channel_arguments.h>

#include "upstream/connection.h"

namespace myelin::generic {

void ApplyServerOptions(grpc::ServerBuilder& builder, uint32_t max_streams);
void ApplyClientOptions(const ConnectionOptions& options, grpc::ChannelArguments& arguments);

}  // namespace myelin::generic
