/* The embedded sample of handwritten digits; origin and licence in README.md. */
#ifndef LIMES_DATASETS_DIGITS_H
#define LIMES_DATASETS_DIGITS_H

#define LIMES_DIGITS 1797
#define LIMES_DIGIT_TEXT 66 /* 64 pixels, row by row, 'a' = 0 ... 'q' = 16; the label '0' ... '9'; NUL */

extern const char limes_digits[LIMES_DIGITS][LIMES_DIGIT_TEXT];

#endif
