/* How Gaussian the outputs of sampled networks are. */
#include <math.h>
#include <stdlib.h>

#include "network/network.h"
#include "study/width.h"

#define OUTPUTS 64               /* of each network, where its end allows that */
#define OTHER_DRAWS (1ull << 31) /* numbers of draws that the kernels do not take */

/* Task t is draw t % draws of size n - 1 - t / draws. */
typedef struct {
  limes_width_work *work;
  limes_width_crew crew;
  size_t draws, items, channels;
  size_t most;     /* channels that a network may have; `channels` of them are looked at */
  double *moments; /* [n, draws, items, 2] mean square and mean fourth power over the channels */
  double *first;   /* [n, draws, channels] outputs for the first item */
  double *f;       /* [workers, items, most] */
} sampling;

static limes_status sample_one(void *shared, size_t task, unsigned worker, limes_job *job) {
  sampling *s = shared;
  limes_width_work *work = s->work;
  size_t i = work->n - 1 - task / s->draws, draw = task % s->draws, at = i * s->draws + draw;
  limes_network *network = s->crew.network[worker * work->n + i];
  size_t channels = s->channels;
  double *f = s->f + worker * s->items * s->most;
  limes_network_draw(network, ((uint64_t)work->size[i] << 32) + OTHER_DRAWS + draw);
  limes_status status = limes_network_forward(s->crew.context[worker], network, work->batch, f);
  if (status != LIMES_OK)
    return limes_fail(work->context, status, "%s", limes_error(s->crew.context[worker]));
  for (size_t item = 0; item < s->items; item++) {
    double *m = s->moments + 2 * (at * s->items + item);
    for (size_t c = 0; c < channels; c++) {
      double y = f[item * limes_network_channels(network) + c], square = y * y;
      m[0] += square / (double)channels;
      m[1] += square * square / (double)channels;
    }
  }
  for (size_t c = 0; c < channels; c++)
    s->first[at * s->channels + c] = f[c];
  return limes_job_advance(job, worker, limes_width_cost(&s->crew, i)) ? LIMES_OK : LIMES_INTERRUPTED;
}

static int ascending(const void *a, const void *b) {
  double p = *(const double *)a, q = *(const double *)b;
  return (p > q) - (p < q);
}

/* Where a share p of ascending z[n] lies below */
static double quantile(size_t n, const double *z, double p) {
  double place = p * (double)n - 0.5;
  if (!(place > 0))
    return z[0];
  size_t k = (size_t)place;
  return k + 1 < n ? z[k] + (place - (double)k) * (z[k + 1] - z[k]) : z[n - 1];
}

static void test_first(double variance, size_t n, double *z, limes_width_outputs *output) {
  double scale = variance > 0 ? 1 / sqrt(variance) : 1;
  for (size_t k = 0; k < n; k++)
    z[k] *= scale;
  qsort(z, n, sizeof *z, ascending);
  output->distance = limes_anderson_darling(n, z, &output->p);
  for (int q = 0; q < LIMES_WIDTH_QUANTILES; q++)
    output->quantile[q] = quantile(n, z, 0.5 * erfc(-(q - LIMES_WIDTH_QUANTILES / 2) * 0.1 * M_SQRT1_2));
}

static limes_status run_sampling(sampling *s) {
  limes_width_work *work = s->work;
  size_t tasks = s->draws * work->n;
  limes_status status = limes_width_crew_create(work, OUTPUTS, tasks, &s->crew);
  if (status != LIMES_OK)
    return status;
  double cost = 0;
  s->channels = OUTPUTS;
  for (size_t i = 0; i < work->n; i++) {
    size_t channels = limes_network_channels(s->crew.network[i]);
    cost += (double)s->draws * limes_width_cost(&s->crew, i);
    s->most = channels > s->most ? channels : s->most;
    s->channels = channels < s->channels ? channels : s->channels;
  }
  s->moments = limes_allocate(work->context, limes_multiply_capped(tasks, 2 * s->items), sizeof *s->moments);
  s->first = limes_allocate(work->context, limes_multiply_capped(tasks, s->channels), sizeof *s->first);
  s->f = limes_allocate(work->context, limes_multiply_capped(s->crew.workers * s->items, s->most), sizeof *s->f);
  if (s->moments == NULL || s->first == NULL || s->f == NULL)
    return LIMES_NO_MEMORY;
  return limes_width_crew_run(&s->crew, "outputs", tasks, cost, sample_one, s);
}

/* Heads of the first attention whose weights are random */
static size_t heads_of(const limes_network *network) {
  for (size_t i = 0; i < network->program.n_op; i++) {
    const limes_op *op = &network->program.op[i];
    if (op->ops->random_weights != NULL && op->ops->random_weights(op))
      return network->member[i].widths.heads;
  }
  return 0;
}

limes_status limes_width_outputs_of(limes_width_work *work, limes_width_outputs *output, size_t *heads) {
  sampling s = {.work = work, .draws = work->options->output_draws, .items = work->batch->items};
  size_t n_limit = work->batch->items + 1;
  limes_status status = run_sampling(&s);
  for (size_t i = 0; i < work->n && status == LIMES_OK; i++) {
    heads[i] = heads_of(s.crew.network[i]);
    status = limes_width_kurtosis(work->context, s.draws, s.items, s.moments + i * s.draws * s.items * 2, work->context->seed,
                                  &output[i]);
    test_first(work->limit[LIMES_WIDTH_NNGP][0], s.draws * s.channels, s.first + i * s.draws * s.channels, &output[i]);
  }
  double *variance = limes_allocate(work->context, s.items, sizeof *variance), one_head = NAN, noise = NAN;
  if (status == LIMES_OK && variance == NULL)
    status = LIMES_NO_MEMORY;
  for (size_t i = 0; variance != NULL && i < s.items; i++)
    variance[i] = work->limit[LIMES_WIDTH_NNGP][i * n_limit];
  if (status == LIMES_OK && heads[0] > 0)
    status = limes_width_predict(work, variance, NULL, &one_head, &noise);
  for (size_t i = 0; i < work->n && status == LIMES_OK; i++) {
    output[i].predicted = one_head / (double)heads[i];
    output[i].predicted_noise = noise / (double)heads[i];
    heads[i] = isnan(one_head) ? 0 : heads[i];
  }
  free(variance);
  free(s.moments);
  free(s.first);
  free(s.f);
  limes_width_crew_clear(&s.crew);
  return status;
}
