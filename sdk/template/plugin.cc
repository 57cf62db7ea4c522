// SPDX-License-Identifier: Apache-2.0
//
// What the host sees of the plugin: its options and its entry.
#include "my_balancer.h"

namespace {

constexpr myelin_option kOptions[] = {
    myelin::sdk::Integer("choices", "2", "1", "16", "How many endpoints are drawn for each call."),
};

}  // namespace

MYELIN_PLUGIN("my_balancer", "0.1.0", "my company",
              myelin::sdk::Balancer<MyBalancer>("my_balancer", "The least busy of a few endpoints.", kOptions));
