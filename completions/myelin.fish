# SPDX-License-Identifier: Apache-2.0
#
# Completions of fish for myelin and myelin-plugin-check. Installed as share/fish/vendor_completions.d/myelin.fish.

# Names of policies of one kind, as the binary finds them now; nothing when it cannot be run.
function __myelin_policies
    set -l words (commandline -opc)
    $words[1] plugins list 2>/dev/null | awk -v kind=$argv[1] '$1 == kind { print $2 }'
end

set -l commands run check dump convert plugins reload rollback swap drain
set -l none "not __fish_seen_subcommand_from $commands"
set -l print "__fish_seen_subcommand_from $commands[2..]"
set -l serve "not __fish_seen_subcommand_from plugins reload rollback swap drain"
set -l files "not __fish_seen_subcommand_from reload rollback swap drain"
set -l policy "not __fish_seen_subcommand_from plugins reload rollback drain"
set -l plugins "__fish_seen_subcommand_from plugins"

complete -c myelin -f
complete -c myelin -n $none -a run -d "Serve"
complete -c myelin -n $none -a check -d "Validate a configuration and print every error"
complete -c myelin -n $none -a dump -d "Print the effective configuration"
complete -c myelin -n $none -a convert -d "Legacy YAML in, native YAML out"
complete -c myelin -n $none -a plugins -d "Look at policies, on disk or at work"
complete -c myelin -n $none -a reload -d "Have the running myelin read its configuration again"
complete -c myelin -n $none -a rollback -d "Bring the previous configuration back"
complete -c myelin -n $none -a swap -d "Replace a policy of the running myelin"
complete -c myelin -n $none -a drain -d "Have the running myelin finish its calls and stop"
complete -c myelin -n "$plugins; and not __fish_seen_subcommand_from list describe check status" -a "list describe check status"
complete -c myelin -n "$plugins; and __fish_seen_subcommand_from describe" \
    -a "(__myelin_policies balancer; __myelin_policies pool; __myelin_policies limiter)"
complete -c myelin -n "$plugins; and __fish_seen_subcommand_from check" -F

complete -c myelin -n $files -s c -l config -r -F -d "Native YAML, or a legacy file"
complete -c myelin -n $files -l plugin-dir -x -a "(__fish_complete_directories)" -d "Searched for plugins first"
complete -c myelin -n $serve -l set -x -d "Override one value: KEY=VALUE"
complete -c myelin -n $serve -l workers -x -a auto -d "Threads on the data path"
complete -c myelin -l admin -x -d "Admin address"
complete -c myelin -n $serve -l log-level -x -a "trace debug info warning error critical off" -d "What is logged"
complete -c myelin -n $serve -l drain-timeout -x -d "For calls in flight after SIGTERM"
complete -c myelin -n $serve -l listen -x -d "Address to listen on"
complete -c myelin -n $serve -l endpoint -x -d "host:port#weight"
complete -c myelin -n $policy -l balancer -x -a "(__myelin_policies balancer)" -d "Policy"
complete -c myelin -n $policy -l pool -x -a "(__myelin_policies pool)" -d "Policy"
complete -c myelin -n $policy -l limiter -x -a "(__myelin_policies limiter)" -d "Policy"
complete -c myelin -n $serve -l pump -x -a "frame generic" -d "What moves the bytes"
complete -c myelin -n "__fish_seen_subcommand_from swap" -l proxy -x -d "The proxy"
complete -c myelin -n "__fish_seen_subcommand_from swap" -l shadow -d "Compare it, and do not act"
complete -c myelin -n "__fish_seen_subcommand_from swap" -l canary -x -d "Decide for this share of the calls"
complete -c myelin -n $print -s o -l output -x -a "text json" -d "How to print"
complete -c myelin -n $none -l check -d "Validate only"
complete -c myelin -n $none -l watch -d "Apply the file again when it changes"
complete -c myelin -n $none -l version -d "The version"
complete -c myelin -s h -l help -d "Help"

complete -c myelin-plugin-check -F
complete -c myelin-plugin-check -l option -x -d "An option of the policy: NAME=VALUE"
complete -c myelin-plugin-check -l output -x -a "text json" -d "How to print"
complete -c myelin-plugin-check -l policy -x -d "Check only this one: KIND/NAME"
complete -c myelin-plugin-check -l time-limit -x -d "How long the check of one policy may take"
complete -c myelin-plugin-check -l help -d "Help"
