// SPDX-License-Identifier: Apache-2.0
//
// The program myelin-plugin-check: whether a plugin keeps the promises of the ABI, for its author's CI.
#include <iostream>
#include <string>
#include <vector>

#include "plugin_check/check.h"
#include "plugin_check/tool/allocations.h"

int main(int argc, char** argv) {
  return myelin::RunPluginCheck(std::vector<std::string>(argv + 1, argv + argc), myelin::AllocationsOfThisThread,
                                std::cout, std::cerr);
}
