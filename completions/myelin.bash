# SPDX-License-Identifier: Apache-2.0
#
# Completions of bash for myelin and myelin-plugin-check. Installed as share/bash-completion/completions/myelin; works
# without the bash-completion package too: source this file.

# Names of policies of one kind, as the binary finds them now; nothing when it cannot be run.
_myelin_policies() { "${COMP_WORDS[0]}" plugins list 2>/dev/null | awk -v kind="$1" '$1 == kind { print $2 }'; }

_myelin_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }

_myelin_files() { compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$1"); }

# What follows an option that takes a value; fails when the option takes none.
_myelin_value() {
  case $1 in
    -c | --config | --plugin-dir) _myelin_files "$2" ;;
    --balancer | --pool | --limiter) _myelin_words "$(_myelin_policies "${1#--}")" "$2" ;;
    --pump) _myelin_words "frame generic" "$2" ;;
    --workers) _myelin_words "auto" "$2" ;;
    --log-level) _myelin_words "trace debug info warning error critical off" "$2" ;;
    -o | --output) _myelin_words "text json" "$2" ;;
    --set | --listen | --endpoint | --admin | --proxy | --drain-timeout) COMPREPLY=() ;;
    *) return 1 ;;
  esac
}

_myelin() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=run word_before
  for word_before in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word_before in run | check | dump | convert | plugins | reload | rollback | swap | drain) command=$word_before; break ;; esac
  done
  _myelin_value "$before" "$word" && return
  local proxy="--listen --endpoint --balancer --pool --limiter --pump"
  local host="--config --set --workers --plugin-dir --admin --log-level --drain-timeout"
  local flags
  case $command in
    run) flags="$host $proxy --check --watch --version" ;;
    check | dump | convert) flags="$host $proxy --output" ;;
    plugins) flags="--plugin-dir --config --admin --output" ;;
    swap) flags="--admin --proxy --balancer --pool --limiter --shadow --canary --output" ;;
    reload | rollback | drain) flags="--admin --output" ;;
  esac
  if [[ $word == -* ]]; then
    _myelin_words "$flags --help" "$word"
  elif [[ $before == plugins ]]; then
    _myelin_words "list describe check status" "$word"
  elif [[ $command == plugins && $before == describe ]]; then
    _myelin_words "$(_myelin_policies balancer) $(_myelin_policies pool) $(_myelin_policies limiter)" "$word"
  elif [[ $command == plugins && $before == check ]]; then
    _myelin_files "$word"
  elif ((COMP_CWORD == 1)); then
    _myelin_words "run check dump convert plugins reload rollback swap drain" "$word"
  fi
}

_myelin_plugin_check() {
  local word=${COMP_WORDS[COMP_CWORD]}
  case ${COMP_WORDS[COMP_CWORD - 1]} in
    --output) _myelin_words "text json" "$word" ;;
    --option | --policy | --time-limit) COMPREPLY=() ;;
    *) if [[ $word == -* ]]; then _myelin_words "--option --output --policy --time-limit --help" "$word"; else _myelin_files "$word"; fi ;;
  esac
}

complete -F _myelin myelin
complete -F _myelin_plugin_check myelin-plugin-check
