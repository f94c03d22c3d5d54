#!/bin/bash
# Runs every command of README.md and docs/*.md as it is printed, in a scratch folder. Prints TAP. Arguments: build folder,
# source folder, C compiler.
#
# The word behind ```sh says what a block is; the blocks of a page share a folder and run in order:
#     ```sh             runs with the program on PATH, and every command must succeed
#     ```sh fails       runs, and every command must fail, but not by a crash
#     ```sh clone       for a fresh clone: its scripts must exist (they run in .ci/run)
#     ```sh needs-data  needs data that does not come with limes: its commands and options must exist
#     ```c kernel.c     a file with a name: it is written to the folder. The same for every language
# The folder holds the small files of docs_data.c, which the pages speak of.
build=$1 source=$2 compiler=$3
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/bin"
ln -s "$build/limes" "$place/bin/limes"
printf '#!/bin/sh\nPATH=%q exec %s "$@"\n' "$PATH" "$compiler" >"$place/bin/cc"
chmod +x "$place/bin/cc"
export PATH=$place/bin:$PATH PKG_CONFIG_PATH=$build/meson-uninstalled LD_LIBRARY_PATH=$build/src

tests=0
report() { # OUTCOME NAME: what was printed stands in $place/log
  tests=$((tests + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $tests - $2"
  else
    sed 's/^/# /' "$place/log"
    echo "not ok $tests - $2"
  fi
}

# Runs each command of the file, which may go over several lines; all must fail, and none by a signal or as unknown.
fail_one_by_one() {
  local command='' line outcome
  while IFS= read -r line; do
    command+=$line$'\n'
    [ -z "$(bash -n -c "$command" 2>&1)" ] && [[ $line != *\\ ]] || continue
    if [ -n "${command//[[:space:]]/}" ] && [[ $command != \#* ]]; then
      bash -c "$command" </dev/null
      outcome=$?
      if [ $outcome -eq 0 ] || [ $outcome -ge 126 ]; then
        echo "exit code $outcome of: $command"
        return 1
      fi
    fi
    command=''
  done <"$1"
}

# Scripts that a fresh clone is told to run are there and can be run.
has_scripts() {
  local script
  for script in $(grep -oE '(^|[ /])(scripts|\.ci)/[a-z_]+' "$1" | grep -oE '(scripts|\.ci)/[a-z_]+'); do
    [ -x "$source/$script" ] || { echo "$script is not there" && return 1; }
    bash -n "$source/$script" || return 1
  done
}

# Commands and options that cannot be run here exist: `limes COMMAND --help` lists them.
has_options() {
  local line command option
  while IFS= read -r line; do
    command=$(sed -nE 's/^limes ([a-z]+).*/\1/p' <<<"$line")
    [ -n "$command" ] || continue
    limes "$command" --help >"$place/help" 2>&1 || { echo "there is no command $command" && return 1; }
    for option in $(sed 's/"[^"]*"//g' <<<"$line" | grep -oE '(^| )--[a-z-]+'); do
      grep -qE -- "(^|[^a-z-])$option([^a-z-]|\$)" "$place/help" || { echo "limes $command has no $option" && return 1; }
    done
  done < <(sed -e ':join' -e '/\\$/ { N; s/\\\n//; b join' -e '}' "$1")
}

run_block() { # WORD FILE
  case $1 in
  '') bash -exo pipefail "$2" </dev/null ;;
  fails) fail_one_by_one "$2" ;;
  clone) has_scripts "$2" ;;
  needs-data) has_options "$2" ;;
  *) echo "no block is called: sh $1" && return 1 ;;
  esac
}

# Cuts a page into blocks: PAGE.NUMBER.LINE, whose first line is what stands behind the backquotes
cut_blocks() {
  awk -v stem="$place/block" '
    /^ *```/ && !inside { inside = 1; number++; file = sprintf("%s.%03d.%d", stem, number, NR); sub(/^ *```/, ""); print > file; next }
    /^ *```/ { inside = 0; close(file); next }
    inside { print > file }' "$1"
}

for page in "$source/README.md" "$source"/docs/*.md; do
  name=${page#"$source"/}
  mkdir "$place/page"
  (cd "$place/page" && "$build/tests/docs/docs_data")
  cut_blocks "$page"
  for block in "$place"/block.*; do
    [ -e "$block" ] || continue
    read -r language word <"$block"
    tail -n +2 "$block" >"$place/text"
    if [ "$language" = sh ]; then
      (cd "$place/page" && run_block "$word" "$place/text") >"$place/log" 2>&1
      report $? "$name, line ${block##*.}"
    elif [[ $word == *.* ]]; then
      cp "$place/text" "$place/page/$word"
    fi
  done
  rm -rf "$place/page" "$place"/block.*
done
echo "1..$tests"
