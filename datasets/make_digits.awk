# Turns the UCI digits (one line an image: 64 pixels from 0 to 16, then the label, separated by commas) into digits.c:
#   awk -F, -f make_digits.awk digits.csv > digits.c
BEGIN {
  letters = "abcdefghijklmnopq"
  print "/* UCI optical digits, made by make_digits.awk; origin and licence in README.md. */"
  print "#include \"datasets/digits.h\"\n"
  print "const char limes_digits[LIMES_DIGITS][LIMES_DIGIT_TEXT] = {"
}
NF == 65 {
  row = ""
  for (i = 1; i <= 64; i++)
    row = row substr(letters, $i + 1, 1)
  print "    \"" row $65 "\","
}
END { print "};" }
