#!/bin/bash
# Installs the library into a folder of its own, compiles the examples against it as a user would, and looks at what they
# print. Prints TAP. Arguments: build folder, source folder, C compiler.
build=$1 source=$2 compiler=$3
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export PYTHONDONTWRITEBYTECODE=1

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

# law NAME COMMAND...
law() {
  local name=$1
  shift
  "$@" >"$place/log" 2>&1
  report $? "$name"
}

# A package configured with --prefix and unpacked elsewhere, as packagers do: every path starts with the place.
DESTDIR=$place meson install -C "$build" --no-rebuild >"$place/log" 2>&1
report $? "the library installs"
configuration=$(find "$place" -name limes.pc)
prefix=$place$(sed -n 's/^prefix=//p' "$configuration")
libraries=$prefix/$(sed -n 's/^libdir=${prefix}\///p' "$configuration")
export PKG_CONFIG_PATH=$libraries/pkgconfig LD_LIBRARY_PATH=$libraries

compile() { # NAME [LIBRARY...]
  local name=$1 flags
  shift
  flags=$(pkg-config --define-variable=prefix="$prefix" --cflags --libs limes) || return 1
  # shellcheck disable=SC2086
  $compiler -std=c17 -Wall -Wextra -Wpedantic -Werror "$source/examples/$name.c" -o "$place/$name" $flags "$@"
}

# example NAME [LIBRARY...]: compiles and runs it
example() { compile "$@" && "$place/$1"; }

# At equal items every relu layer with w_std=sqrt(2) keeps K, and each dense layer adds one K to Theta: (1,0,0) has
# K = 1/3 and, after three of them, Theta = 1.
two_arrays() {
  example kernel_of_two_arrays || return 1
  "$place/kernel_of_two_arrays" | awk '$1 == "nngp" || $1 == "ntk" { name = $1; row = 0; next } { row++ }
    row == 1 { value[name] = $1 } END { exit !(value["nngp"] == "0.333333" && value["ntk"] == "1.000000" && NR == 10) }'
}

# The sine is inside three deviations everywhere; the bars of two are short within the data and long outside, and the noise
# found is near the true one, 0.0707.
error_bars() {
  example regression_with_error_bars -lm || return 1
  "$place/regression_with_error_bars" | awk '$1 ~ /^-?[0-9]/ {
      rows++; x = $1 < 0 ? -$1 : $1; error = $2 < $3 ? $3 - $2 : $2 - $3
      if (error > 1.5 * $4 || (x < 1.6 && $4 > 0.15) || (x > 2.9 && $4 < 0.5)) wrong = 1
    } $1 == "noise" && ($3 < 0.06 || $3 > 0.085) { wrong = 1 } END { exit wrong || rows != 13 }'
}

ragged() {
  example ragged_sequences || return 1
  "$place/ragged_sequences" | awk '$1 == "accuracy" { found = 1; if ($2 + 0 < 0.8) wrong = 1 } END { exit wrong || !found }'
}

# Kinked squareplus is relu: between different items the numbers are those of the word, and the kink is warned of.
own_nonlinearity() {
  example own_nonlinearity -lm || return 1
  "$place/own_nonlinearity" | awk '/^warning: kinked .* by quadrature/ { warned = 1 } /^dense/ { model++; row = 0; next }
    { row++; value[model, row] = $2 } END { difference = value[2, 3] - value[3, 3]
      exit !(warned && model == 3 && value[1, 1] > 0.3 && difference < 1e-5 && difference > -1e-5) }'
}

foreign() { /usr/bin/python3 "$source/examples/limes_ctypes.py" && ! [ -e "$source/examples/__pycache__" ]; }

only_limes() {
  nm "$@" --defined-only >"$place/names" || return 1
  grep -q ' limes_version$' "$place/names" && ! awk 'NF == 3 { print $3 }' "$place/names" | grep -v '^limes_'
}

law "a kernel of two arrays" two_arrays
law "a regression with error bars" error_bars
law "sequences of different lengths" ragged
law "a nonlinearity of one's own" own_nonlinearity
if /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
  law "arrays of NumPy by ctypes" foreign
else
  tests=$((tests + 1))
  echo "ok $tests - arrays of NumPy by ctypes # SKIP /usr/bin/python3 has no numpy"
fi
law "the shared library exports limes_* only" only_limes -D "$libraries/liblimes.so"
law "the static library's names are limes_* only" only_limes -g "$libraries/liblimes.a"
for model in "$source"/examples/models/*.limes; do
  law "the model $(basename "$model")" "$prefix/bin/limes" explain "@$model" --data 'digits[:2]'
done
echo "1..$tests"
