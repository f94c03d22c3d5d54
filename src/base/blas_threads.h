/* OpenBLAS keeps one thread count for the whole process: it is set for a while and put back. */
#ifndef LIMES_BASE_BLAS_THREADS_H
#define LIMES_BASE_BLAS_THREADS_H

/* From here to limes_blas_leave OpenBLAS runs on so many threads. Pairs may nest, and several contexts may be inside at
 * once: then whoever asked for one thread gets it, and the host's own count comes back when the last one leaves. */
void limes_blas_enter(unsigned threads);
void limes_blas_leave(unsigned threads); /* the same number as at limes_blas_enter */

#endif
