/* Numbers of the model language, the same in every locale. */
#ifndef LIMES_MODEL_NUMBER_H
#define LIMES_MODEL_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#define LIMES_NUMBER_SIZE 40 /* bytes of a printed number */

/* Reads text[length] as a whole: 2, -0.5, 1e-3, sqrt(2), -sqrt(2). False where it is none of these. What is too large for a
 * double is infinite. */
bool limes_number_read(const char *text, size_t length, double *value);

/* The shortest text that reads back to the same bits; value is finite. */
void limes_number_print(double value, char text[LIMES_NUMBER_SIZE]);

#endif
